//! The picture of the cluster: pills, groups of pods, the shelf, and the lines between pods and claims.

use std::rc::Rc;

use web_sys::{HtmlElement, HtmlSelectElement};
use yew::prelude::*;

use crate::ui::msg::{Msg, Send, Side};
use crate::ui::{icons, motion};
use crate::view::diagram::{Diagram, Group, Grouping, Options, PodCard, ServicePill, SetPill, Tag};
use crate::view::inspector::Pick;

/// Props of [`Picture`].
#[derive(Properties, PartialEq)]
pub struct Props {
    pub diagram: Rc<Diagram>,
    pub options: Options,
    pub namespaces: Rc<[String]>,
    pub picked: Option<Pick>,
    pub side: Side,
    pub paused: bool,
    /// Changes when the picture's size may have changed, so that the lines are drawn anew.
    pub size: String,
    pub send: Send,
}

/// The picture with its tools.
#[component]
pub fn Picture(props: &Props) -> Html {
    let stage = use_node_ref();
    let links = use_state(Vec::<motion::Link>::new);
    let motion = use_mut_ref(motion::Motion::default);
    {
        let (stage, links) = (stage.clone(), links.clone());
        let deps = (props.diagram.clone(), props.size.clone(), props.options.clone());
        use_effect_with(deps, move |(diagram, ..)| {
            if let Some(stage) = stage.cast::<HtmlElement>() {
                let found = motion.borrow_mut().settle(&stage, diagram);
                if found != *links {
                    links.set(found);
                }
            }
        });
    }
    let diagram = &props.diagram;
    let pick = Picker { picked: props.picked.clone(), send: props.send.clone() };
    let group = |group: &Group| html! { <GroupCard key={group.uid.clone()} group={group.clone()} pick={pick.clone()} /> };
    let path = |link: &motion::Link| {
        let class = classes!("link", (!link.solid).then_some("loose"));
        html! { <path key={link.key.clone()} {class} d={link.path.clone()} pathLength="100" /> }
    };
    html! {
        <section class="picture" aria-label="Picture of the cluster" tabindex="-1">
            <Tools options={props.options.clone()} namespaces={props.namespaces.clone()} side={props.side} send={props.send.clone()} />
            <div class="pic" ref={stage}>
                { pills(diagram, &pick) }
                { waiting(diagram, &pick) }
                <div class="nodes">{ for diagram.groups.iter().map(group) }</div>
                { shelf(diagram, &pick) }
                <svg class="links" aria-hidden="true">{ for links.iter().map(path) }</svg>
            </div>
            if props.paused { <div class="paused-flag" role="status">{ "Time stands still" }</div> }
        </section>
    }
}

/// Selects objects.
#[derive(Clone, PartialEq)]
struct Picker {
    picked: Option<Pick>,
    send: Send,
}

impl Picker {
    /// Whether an object is selected, and the callback that selects it.
    fn of(&self, kind: &str, namespace: &str, name: &str) -> (bool, Callback<MouseEvent>) {
        let pick = Pick::new(kind, namespace, name);
        let on = self.picked.as_ref() == Some(&pick);
        (on, self.send.reform(move |_| Msg::Pick(Some(pick.clone()))))
    }
}

/// Props of [`Tools`].
#[derive(Properties, PartialEq)]
struct ToolsProps {
    options: Options,
    namespaces: Rc<[String]>,
    side: Side,
    send: Send,
}

/// What stands above the picture.
#[component]
fn Tools(props: &ToolsProps) -> Html {
    let by = |by: Grouping, label: &str| {
        let on = props.options.by == by;
        html! {
            <button class={classes!(on.then_some("on"))} aria-pressed={on.to_string()}
                onclick={props.send.reform(move |_| Msg::Group(by))}>{ label }</button>
        }
    };
    let choose = props.send.reform(|e: Event| {
        let value = e.target_unchecked_into::<HtmlSelectElement>().value();
        Msg::Namespace((value != "*").then_some(value))
    });
    let here = props.options.namespace.as_deref();
    let option = |ns: &String| html! { <option value={ns.clone()} selected={here == Some(ns.as_str())}>{ ns }</option> };
    let files = props.side == Side::Files;
    let other = if files { Side::Inspector } else { Side::Files };
    html! {
        <div class="tools">
            <div class="seg" role="group" aria-label="Group pods">{ by(Grouping::Node, "By node") }{ by(Grouping::Owner, "By owner") }</div>
            <label class="namespace">{ "namespace " }
                <select onchange={choose}>
                    { for props.namespaces.iter().map(option) }
                    <option value="*" selected={here.is_none()}>{ "all" }</option>
                </select>
            </label>
            <span class="grow" />
            <button class={classes!("ghost", "files-button", files.then_some("on"))} aria-pressed={files.to_string()}
                onclick={props.send.reform(move |_| Msg::Side(other))}>{ "Files & editor" }</button>
        </div>
    }
}

fn pills(diagram: &Diagram, pick: &Picker) -> Html {
    if diagram.sets.is_empty() && diagram.services.is_empty() {
        let empty =
            diagram.shelf.is_empty() && diagram.groups.iter().all(|group| group.pods.is_empty());
        return if empty && diagram.waiting.is_empty() {
            html! { <p class="empty">{ "Nothing runs here yet. What you create in a terminal appears on these nodes." }</p> }
        } else {
            Html::default()
        };
    }
    html! {
        <ul class="pills" aria-label="Sets and services">
            { for diagram.sets.iter().map(|set| set_pill(set, pick)) }
            { for diagram.services.iter().map(|service| service_pill(service, pick)) }
        </ul>
    }
}

fn set_pill(set: &SetPill, pick: &Picker) -> Html {
    let (on, onclick) = pick.of(&set.kind, &set.namespace, &set.name);
    let newest = set.revisions.len().saturating_sub(1);
    let several = set.revisions.len() > 1;
    let revision = |(i, (name, count)): (usize, &(String, i64))| {
        let text = if several {
            format!("{} × {count}", name.chars().take(4).collect::<String>())
        } else {
            name.clone()
        };
        html! { <span class={classes!("rev", (several && i == newest).then_some("new"))}>{ text }</span> }
    };
    html! {
        <li key={set.uid.clone()}>
            <button class={classes!("pill", set.look.class(), on.then_some("sel"))} aria-pressed={on.to_string()} {onclick}>
                <em>{ &set.kind }</em><b>{ &set.name }</b>
                <span class="count">{ format!("{}/{} ready", set.ready.0, set.ready.1) }</span>
                if !set.doing.is_empty() { <span class="doing">{ &set.doing }</span> }
                { for set.revisions.iter().enumerate().map(revision) }
            </button>
        </li>
    }
}

fn service_pill(service: &ServicePill, pick: &Picker) -> Html {
    let (on, onclick) = pick.of("Service", &service.namespace, &service.name);
    html! {
        <li key={service.uid.clone()}>
            <button class={classes!("pill", on.then_some("sel"))} aria-pressed={on.to_string()} {onclick}>
                <em>{ "Service" }</em><b>{ &service.name }</b><em>{ &service.detail }</em>
            </button>
        </li>
    }
}

fn waiting(diagram: &Diagram, pick: &Picker) -> Html {
    if diagram.waiting.is_empty() {
        return Html::default();
    }
    html! {
        <div class="waiting" role="group" aria-label="Pods without a node">
            <h2>{ "waiting for a node" }</h2>
            <ul>{ for diagram.waiting.iter().map(|pod| pod_card(pod, pick)) }</ul>
        </div>
    }
}

/// Props of [`GroupCard`].
#[derive(Properties, PartialEq)]
struct GroupProps {
    group: Group,
    pick: Picker,
}

/// A node, or an owner, with its pods.
#[component]
fn GroupCard(props: &GroupProps) -> Html {
    let Group { kind, name, detail, trouble, used, pods, .. } = &props.group;
    let (on, onclick) = props.pick.of(kind, "", name);
    let title = if kind == "Node" {
        html! { <button class={classes!("node-name", on.then_some("sel"))} aria-pressed={on.to_string()} {onclick}>{ name }</button> }
    } else {
        html! { <b>{ name }</b> }
    };
    let bar = |label: &str, percent: u8| {
        html! { <>{ label }<i title={format!("{percent} % requested")} style={format!("--v:{percent}%")} /></> }
    };
    html! {
        <section class={classes!("node", (!trouble.is_empty()).then_some("trouble"))} aria-label={name.clone()}>
            <h2>{ title }<span>{ if trouble.is_empty() { detail } else { trouble } }</span></h2>
            if let Some((cpu, memory)) = *used {
                <div class="cap" role="img" aria-label={format!("{cpu} percent of its CPU and {memory} percent of its memory are requested")}>
                    { bar("cpu", cpu) }{ bar("mem", memory) }
                </div>
            }
            <ul class="pods">{ for pods.iter().map(|pod| pod_card(pod, &props.pick)) }</ul>
        </section>
    }
}

fn pod_card(pod: &Rc<PodCard>, pick: &Picker) -> Html {
    let (on, onclick) = pick.of("Pod", &pod.namespace, &pod.name);
    let state = &pod.state;
    html! {
        <li key={pod.uid.clone()}>
            <button class={classes!("pod", state.look.class(), on.then_some("sel"))} aria-pressed={on.to_string()} {onclick}
                data-uid={pod.uid.clone()} data-move={format!("Pod/{}/{}", pod.namespace, pod.name)}>
                { icons::ring(state.look, state.progress) }
                <span class="who"><strong>{ &pod.name }</strong>
                    if let Some(revision) = &pod.revision {
                        <span class={classes!("rev", pod.newest.then_some("new"))}>{ revision }</span>
                    }
                </span>
                <span class="st">{ &state.word }<small>{ &state.detail }</small>
                    if pod.stand_in.is_some() { <small class="stand-in">{ "a stand-in runs" }</small> }
                </span>
            </button>
        </li>
    }
}

fn shelf(diagram: &Diagram, pick: &Picker) -> Html {
    if diagram.shelf.is_empty() {
        return Html::default();
    }
    html! {
        <div class="shelf" role="group" aria-label="Claims and volumes">
            <h2>{ "Claims, volumes" }</h2>
            <ul>{ for diagram.shelf.iter().map(|tag| shelf_tag(tag, pick)) }</ul>
        </div>
    }
}

fn shelf_tag(tag: &Tag, pick: &Picker) -> Html {
    let (on, onclick) = pick.of(&tag.kind, &tag.namespace, &tag.name);
    let class =
        classes!("claim", tag.look.class(), tag.kept.then_some("kept"), on.then_some("sel"));
    html! {
        <li key={tag.uid.clone()}>
            <button {class} aria-pressed={on.to_string()} {onclick} data-uid={tag.uid.clone()}>
                { icons::drum() }<span><b>{ &tag.name }</b><small>{ &tag.detail }</small></span>
            </button>
        </li>
    }
}
