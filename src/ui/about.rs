//! The box with help and credits.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use crate::ui::msg::{Msg, Send};

/// Props of [`About`].
#[derive(Properties, PartialEq)]
pub struct Props {
    pub send: Send,
}

/// What keys do.
const KEYS: &[(&str, &str)] = &[
    ("F6, Shift-F6", "next and previous pane"),
    ("Tab in a terminal", "completes; twice shows what fits"),
    ("Ctrl-R, ↑, ↓ in a terminal", "search and walk the history"),
    ("Ctrl-C, Ctrl-D", "interrupt; end of input"),
    ("Ctrl-S in the editor", "saves the file"),
    ("Esc, then Tab in the editor", "leaves the editor"),
    ("Arrow keys on a boundary", "move it; Home and End go to its limits"),
];

/// The box; it is open as long as it is drawn.
#[component]
pub fn About(props: &Props) -> Html {
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                let _ = dialog.show_modal();
            }
        });
    }
    let close = props.send.reform(|_: Event| Msg::About(false));
    let click = props.send.reform(|_: MouseEvent| Msg::About(false));
    let key = |(keys, does): &(&'static str, &'static str)| html! { <><dt>{ *keys }</dt><dd>{ *does }</dd></> };
    html! {
        <dialog class="about" ref={dialog} onclose={close} aria-labelledby="about-title">
            <h2 id="about-title">{ "Tabernetes" }</h2>
            <p>{ "A simulated Kubernetes 1.36 that lives in this tab. Nothing you type leaves the page; the cluster, its nodes and its containers are a simulation with a clock of its own." }</p>
            <p>{ "Lessons are at the left. Commands run with a click or typed by hand; any way to the goal counts. Select something in the picture to see why it is as it is." }</p>
            <h3>{ "Time" }</h3>
            <p>{ "Pause it, speed it up, or run to the next change: waiting is part of learning stateful sets, but not of learning them fast." }</p>
            <h3>{ "Keys" }</h3>
            <dl class="keys">{ for KEYS.iter().map(key) }</dl>
            <h3>{ "Credits" }</h3>
            <p>{ "This is a simulation made for learning. It is not affiliated with, or endorsed by, the Kubernetes project or the Cloud Native Computing Foundation. Kubernetes is a trademark of The Linux Foundation. Messages and help texts are quoted from Kubernetes (Apache-2.0); xterm.js and CodeMirror (MIT) draw the terminals and the editor. Tabernetes is licensed under Apache-2.0." }</p>
            <div class="dialog-foot"><button class="primary" onclick={click}>{ "Close" }</button></div>
        </dialog>
    }
}
