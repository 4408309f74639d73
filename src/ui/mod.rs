//! The page: Yew components that draw view models and hand the learner's doings to the session.

use yew::prelude::*;

/// Mounts the app in the page; called once, by the browser's `main`.
pub fn start() {
    console_error_panic_hook::set_once();
    let Some(root) = gloo::utils::document().get_element_by_id("app") else { return };
    root.set_inner_html("");
    yew::Renderer::<App>::with_root(root).render();
}

/// The whole page.
#[function_component(App)]
fn app() -> Html {
    html! { <main><h1>{ "Tabernetes" }</h1></main> }
}
