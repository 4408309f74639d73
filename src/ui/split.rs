//! A boundary between panes that can be moved by pointer and by keyboard.

use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use crate::ui::msg::{Edge, Msg, Send};
use crate::ui::prefs::Prefs;

/// Props of [`Separator`].
#[derive(Properties, PartialEq)]
pub struct Props {
    pub edge: Edge,
    pub prefs: Prefs,
    pub label: &'static str,
    pub send: Send,
}

/// A boundary.
#[component]
pub fn Separator(props: &Props) -> Html {
    let edge = props.edge;
    let (value, low, high) = props.prefs.edge(edge);
    let grip = use_mut_ref(|| None::<(f64, f64)>);
    let node = use_node_ref();
    let move_to = {
        let send = props.send.clone();
        move |value: f64| send.emit(Msg::Resize(edge, value))
    };
    let down = {
        let grip = grip.clone();
        Callback::from(move |e: PointerEvent| {
            if let Some(target) = e.target_dyn_into::<Element>() {
                let _ = target.set_pointer_capture(e.pointer_id());
            }
            *grip.borrow_mut() = Some((along(edge, &e), value));
        })
    };
    let drag = {
        let (grip, node, move_to) = (grip.clone(), node.clone(), move_to.clone());
        Callback::from(move |e: PointerEvent| {
            if let Some((from, start)) = *grip.borrow() {
                move_to(start + (along(edge, &e) - from) * per_pixel(edge, &node));
            }
        })
    };
    let up = Callback::from(move |_: PointerEvent| *grip.borrow_mut() = None);
    let step = if edge == Edge::Terminals { 2.0 } else { 16.0 };
    let key = Callback::from(move |e: KeyboardEvent| {
        let to = match e.key().as_str() {
            "ArrowRight" | "ArrowDown" => {
                value + step * per_pixel(edge, &NodeRef::default()).signum()
            }
            "ArrowLeft" | "ArrowUp" => value - step * per_pixel(edge, &NodeRef::default()).signum(),
            "Home" => low,
            "End" => high,
            _ => return,
        };
        e.prevent_default();
        move_to(to);
    });
    let orientation = if edge == Edge::Bottom { "horizontal" } else { "vertical" };
    html! {
        <div ref={node} class={classes!("separator", orientation)} role="separator" tabindex="0"
            aria-label={props.label} aria-orientation={orientation} aria-valuenow={value.round().to_string()}
            aria-valuemin={low.to_string()} aria-valuemax={high.to_string()}
            onpointerdown={down} onpointermove={drag} onpointerup={up.clone()} onpointercancel={up} onkeydown={key} />
    }
}

/// The pointer's place along the axis that the boundary moves on.
fn along(edge: Edge, e: &PointerEvent) -> f64 {
    f64::from(if edge == Edge::Bottom { e.client_y() } else { e.client_x() })
}

/// How much the boundary's value changes when it moves one pixel to the right or down.
fn per_pixel(edge: Edge, node: &NodeRef) -> f64 {
    match edge {
        Edge::Left => 1.0,
        Edge::Right | Edge::Bottom => -1.0,
        Edge::Terminals => {
            let parent = node.cast::<HtmlElement>().and_then(|e| e.parent_element());
            100.0 / parent.map_or(1000.0, |p| f64::from(p.client_width().max(1)))
        }
    }
}
