//! The terminals: the first one at the left, the others as tabs at the right, and keys for phones.

use std::rc::Rc;

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::ui::js;
use crate::ui::lesson::terminal_sign;
use crate::ui::msg::{Edge, Msg, Send};
use crate::ui::prefs::Prefs;
use crate::ui::split::Separator;

/// A terminal's number and what its title says.
#[derive(Clone, Debug, PartialEq)]
pub struct TerminalTab {
    pub number: u32,
    pub title: AttrValue,
}

/// Props of [`Terminals`].
#[derive(Properties, PartialEq)]
pub struct Props {
    pub tabs: Rc<[TerminalTab]>,
    /// The terminal that has the keyboard, or had it last.
    pub front: u32,
    /// The terminal that is shown at the right.
    pub right: u32,
    pub prefs: Prefs,
    pub send: Send,
}

/// All terminals.
#[component]
pub fn Terminals(props: &Props) -> Html {
    let pane = |tab: &TerminalTab| {
        let n = tab.number;
        let shown = n == 1 || n == props.right;
        let class = classes!(
            "term",
            (n == props.front).then_some("front"),
            (!shown).then_some("hidden"),
            (n == 1).then_some("first")
        );
        html! {
            <div key={n} {class} data-terminal={n.to_string()}>
                <header>{ header(props, tab) }</header>
                <TerminalHost number={n} send={props.send.clone()} />
            </div>
        }
    };
    let (first, rest): (Vec<_>, Vec<_>) = props.tabs.iter().partition(|tab| tab.number == 1);
    html! {
        <section class="terms" aria-label="Terminals" tabindex="-1">
            { for first.into_iter().map(pane) }
            <Separator edge={Edge::Terminals} prefs={props.prefs.clone()} label="Boundary between the terminals" send={props.send.clone()} />
            { for rest.into_iter().map(pane) }
            <KeyBar front={props.front} send={props.send.clone()} />
        </section>
    }
}

fn header(props: &Props, tab: &TerminalTab) -> Html {
    if tab.number == 1 {
        return html! { <><b>{ terminal_sign(1) }</b><span class="title">{ tab.title.clone() }</span></> };
    }
    let button = |other: &TerminalTab| {
        let n = other.number;
        let on = n == tab.number;
        html! {
            <button class={classes!("sign", on.then_some("on"))} aria-pressed={on.to_string()} aria-label={format!("Terminal {n}")}
                onclick={props.send.reform(move |_| Msg::ShowTerminal(n))}>{ terminal_sign(n) }</button>
        }
    };
    let n = tab.number;
    html! {
        <>
            { for props.tabs.iter().filter(|other| other.number != 1).map(button) }
            <span class="title">{ tab.title.clone() }</span>
            <span class="grow" />
            if n > 2 {
                <button class="plain" aria-label={format!("Close terminal {n}")} onclick={props.send.reform(move |_| Msg::CloseTerminal(n))}>{ "×" }</button>
            }
            <button class="plain" onclick={props.send.reform(|_| Msg::AddTerminal)}>{ "+ terminal" }</button>
        </>
    }
}

/// Props of [`TerminalHost`].
#[derive(Properties, PartialEq)]
struct HostProps {
    number: u32,
    send: Send,
}

/// The element that xterm draws into.
#[component]
fn TerminalHost(props: &HostProps) -> Html {
    let host = use_node_ref();
    {
        let host = host.clone();
        use_effect_with((props.number, props.send.clone()), move |(number, send)| {
            if let Some(host) = host.cast::<HtmlElement>() {
                wasm_bindgen_futures::spawn_local(open(host, *number, send.clone()));
            }
        });
    }
    html! { <div class="term-host" ref={host} onfocusin={let n = props.number; props.send.reform(move |_| Msg::ShowTerminal(n))} /> }
}

async fn open(host: HtmlElement, number: u32, send: Send) {
    let (data, size) = (send.clone(), send.clone());
    let on_data = move |text| data.emit(Msg::Data(number, text));
    let on_size = move |columns, rows| size.emit(Msg::Size(number, columns, rows));
    match js::Terminal::open(host, format!("Terminal {number}"), on_data, on_size).await {
        Some(terminal) => send.emit(Msg::TerminalOpen(number, Rc::new(terminal))),
        None => send.emit(Msg::PartMissing("terminal")),
    }
}

/// Props of [`KeyBar`].
#[derive(Properties, PartialEq)]
struct KeyBarProps {
    front: u32,
    send: Send,
}

/// Keys that a phone's keyboard lacks: label, name, what is sent.
const KEYS: &[(&str, &str, &str)] = &[
    ("Tab", "Tab", "\t"),
    ("↑", "Up", "\x1b[A"),
    ("↓", "Down", "\x1b[B"),
    ("Ctrl-C", "Ctrl-C", "\x03"),
    ("-", "Dash", "-"),
    ("/", "Slash", "/"),
    ("|", "Pipe", "|"),
];

/// A bar of keys above a phone's keyboard.
#[component]
fn KeyBar(props: &KeyBarProps) -> Html {
    let front = props.front;
    let key = |(label, name, text): &(&'static str, &'static str, &'static str)| {
        let text = *text;
        html! {
            // The terminal keeps the focus, so the phone keeps its keyboard.
            <button aria-label={*name} onpointerdown={|e: PointerEvent| e.prevent_default()}
                onclick={props.send.reform(move |_| Msg::Data(front, text.to_owned()))}>{ *label }</button>
        }
    };
    html! { <div class="key-bar" role="group" aria-label="Keys for the terminal">{ for KEYS.iter().map(key) }</div> }
}
