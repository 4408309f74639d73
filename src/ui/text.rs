//! Lesson Markdown as HTML.

use yew::prelude::*;

use crate::view::markdown::{Block, Inline};

/// Blocks of text.
pub fn blocks(blocks: &[Block]) -> Html {
    blocks.iter().map(block).collect()
}

fn block(block: &Block) -> Html {
    match block {
        // The page's own heading is level 1, a step's title level 2.
        Block::Heading(_, title) => html! { <h3>{ line(title) }</h3> },
        Block::Paragraph(text) => html! { <p>{ line(text) }</p> },
        Block::Quote(text) => html! { <div class="note">{ line(text) }</div> },
        Block::Code(_, text) => html! { <pre class="listing" tabindex="0">{ text }</pre> },
        Block::List(numbered, items) => {
            let items =
                items.iter().map(|item| html! { <li>{ line(item) }</li> }).collect::<Html>();
            if *numbered {
                html! { <ol>{ items }</ol> }
            } else {
                html! { <ul>{ items }</ul> }
            }
        }
    }
}

/// Running text.
pub fn line(pieces: &[Inline]) -> Html {
    pieces.iter().map(piece).collect()
}

fn piece(piece: &Inline) -> Html {
    match piece {
        Inline::Text(text) => html! { { text } },
        Inline::Code(text) => html! { <code>{ text }</code> },
        Inline::Strong(text) => html! { <b>{ text }</b> },
        Inline::Emphasis(text) => html! { <i>{ text }</i> },
        Inline::Link(text, address) if address.starts_with("https://") => {
            html! { <a href={address.clone()} target="_blank" rel="noopener noreferrer">{ text }</a> }
        }
        Inline::Link(text, _) => html! { { text } },
    }
}
