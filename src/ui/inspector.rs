//! The inspector: one object's summary, reasons, YAML and events.

use std::rc::Rc;

use yew::prelude::*;

use crate::ui::msg::{Msg, Send, Tab};
use crate::ui::text::sentence;
use crate::view::inspector::{EventRow, Inspector, Reason};

/// Props of [`InspectorPane`].
#[derive(Properties, PartialEq)]
pub struct Props {
    pub object: Option<Rc<Inspector>>,
    pub tab: Tab,
    pub send: Send,
}

const TABS: &[(Tab, &str)] = &[
    (Tab::Summary, "Summary"),
    (Tab::Why, "Why"),
    (Tab::Yaml, "YAML"),
    (Tab::Events, "Events"),
    (Tab::Files, "Files"),
];

/// The pane.
#[component]
pub fn InspectorPane(props: &Props) -> Html {
    let Some(object) = &props.object else {
        return html! {
            <div class="inspector empty-pane">
                <h2>{ "Inspector" }</h2>
                <p>{ "Select a pod, a claim, a service, a set or a node in the picture: its summary, its YAML, its events, and why it is as it is, appear here." }</p>
            </div>
        };
    };
    let body = match props.tab {
        Tab::Summary => summary(object, &props.send),
        Tab::Why => why(object),
        Tab::Yaml => {
            html! { <pre class="yaml" tabindex="0" aria-label="YAML">{ &object.yaml }</pre> }
        }
        Tab::Events => events(object),
        Tab::Files => files(object),
    };
    let (look, word) = &object.badge;
    html! {
        <div class="inspector">
            <header>
                <h2>{ &object.pick.name }
                    if !word.is_empty() { <span class={classes!("badge", look.class())}>{ word }</span> }
                    <span class="grow" />
                    <button class="ghost icon" aria-label="Close the inspector" onclick={props.send.reform(|_| Msg::Pick(None))}>{ "×" }</button>
                </h2>
                <p class="subtitle">{ &object.subtitle }</p>
                { tabs(props) }
            </header>
            if !object.exists {
                <p class="gone" role="status">{ format!("{} {} does not exist now.", object.pick.kind, object.pick.name) }</p>
            }
            <div class="inspector-body" role="tabpanel" tabindex="0" aria-label={TABS.iter().find(|(tab, _)| *tab == props.tab).map(|(_, name)| *name)}>{ body }</div>
        </div>
    }
}

fn tabs(props: &Props) -> Html {
    let button = |(tab, name): &(Tab, &'static str)| {
        let (tab, on) = (*tab, *tab == props.tab);
        let click = props.send.reform(move |_| Msg::Tab(tab));
        html! {
            <button role="tab" class={classes!(on.then_some("on"))} aria-selected={on.to_string()} onclick={click}>{ *name }</button>
        }
    };
    html! { <div class="tabs" role="tablist" aria-label="About this object">{ for TABS.iter().map(button) }</div> }
}

fn summary(object: &Inspector, send: &Send) -> Html {
    let row = |(name, value): &(String, String)| html! { <><dt>{ name }</dt><dd>{ value }</dd></> };
    let command = |command: &String| {
        let text = command.clone();
        let click = send.reform(move |_| Msg::Type(text.clone()));
        html! { <li><button title="Runs in the terminal in front" onclick={click}><code>{ command }</code>{ " ▸" }</button></li> }
    };
    html! {
        <>
            <dl class="kv">{ for object.facts.iter().map(row) }</dl>
            <ul class="commands" aria-label="Commands for this object">{ for object.commands.iter().map(command) }</ul>
        </>
    }
}

fn why(object: &Inspector) -> Html {
    if object.why.is_empty() {
        return html! { <p class="nothing">{ "It was there from the start: nothing has changed it since." }</p> };
    }
    let row = |reason: &Reason| {
        html! { <li><b>{ &reason.who }</b>{ " " }{ sentence(&reason.text) }<small>{ &reason.small }</small></li> }
    };
    html! { <ol class="why">{ for object.why.iter().map(row) }</ol> }
}

fn files(object: &Inspector) -> Html {
    if object.files.is_empty() {
        return html! { <p class="nothing">{ "No files on a volume of its own." }</p> };
    }
    let row = |(path, text): &(String, String)| {
        html! { <li><b>{ path }</b><pre>{ text }</pre></li> }
    };
    html! { <ul class="volume-files">{ for object.files.iter().map(row) }</ul> }
}

fn events(object: &Inspector) -> Html {
    if object.events.is_empty() {
        return html! { <p class="nothing">{ "No events." }</p> };
    }
    let row = |event: &EventRow| {
        html! {
            <li class={classes!(event.warning.then_some("warning"))}>
                <b>{ if event.warning { "Warning: " } else { "" } }{ &event.reason }</b>
                <p>{ &event.message }</p><small>{ &event.small }</small>
            </li>
        }
    };
    html! { <ul class="events">{ for object.events.iter().map(row) }</ul> }
}
