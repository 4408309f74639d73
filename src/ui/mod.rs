//! The page: Yew components that draw view models and hand the learner's doings to the session.
//!
//! [`app::App`] owns everything and decides; all other components are functions of their props that
//! send [`msg::Msg`]s. `engine.rs` is the only file that speaks with the session.

// Nothing outside the page uses these modules, so `pub` in them means "of use to the other files here".
#![allow(unreachable_pub)]

mod about;
mod app;
mod editor;
mod engine;
mod icons;
mod inspector;
mod js;
mod lesson;
mod motion;
mod msg;
mod picture;
mod prefs;
mod split;
mod store;
mod terminal;
mod text;
mod top_bar;

use std::panic::PanicHookInfo;

/// Mounts the app in the page; called once, by the browser's `main`.
pub fn start() {
    std::panic::set_hook(Box::new(crashed));
    let Some(root) = gloo::utils::document().get_element_by_id("app") else { return };
    root.set_inner_html("");
    yew::Renderer::<app::App>::with_root(root).render();
}

/// After a panic nothing in the module runs any more, so the plain page says what happened.
fn crashed(info: &PanicHookInfo<'_>) {
    console_error_panic_hook::hook(info);
    store::doubt(true);
    let document = gloo::utils::document();
    let (Ok(card), Ok(text), Ok(again)) = (
        document.create_element("div"),
        document.create_element("pre"),
        document.create_element("a"),
    ) else {
        return;
    };
    card.set_class_name("crash");
    let _ = card.set_attribute("role", "alert");
    card.set_text_content(Some(
        "The simulation has a bug and stopped. Your lesson's progress is kept.",
    ));
    text.set_text_content(Some(&info.to_string()));
    again.set_text_content(Some("Start again"));
    let _ = again.set_attribute("href", "");
    let _ = card.append_child(&text);
    let _ = card.append_child(&again);
    let _ = gloo::utils::body().append_child(&card);
}
