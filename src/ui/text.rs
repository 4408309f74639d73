//! Small pieces of text.

use yew::prelude::*;

/// A sentence in which backquotes mark code.
pub fn sentence(text: &str) -> Html {
    let piece = |(i, piece): (usize, &str)| {
        if i % 2 == 1 {
            html! { <code>{ piece }</code> }
        } else {
            html! { { piece } }
        }
    };
    text.split('`').enumerate().map(piece).collect()
}
