//! The bar at the top: brand, lesson, time, theme, help.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::ui::icons;
use crate::ui::msg::{Clock, Lesson, Msg, Send};
use crate::ui::prefs::Theme;

/// Virtual seconds per second that can be chosen.
const SPEEDS: &[u32] = &[1, 5, 20, 60];

/// Props of [`TopBar`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Names and titles of all lessons.
    pub lessons: std::rc::Rc<[(String, String)]>,
    /// The lesson that runs, "" for none.
    pub lesson: String,
    pub clock: AttrValue,
    pub paused: bool,
    pub speed: u32,
    pub theme: Theme,
    pub send: Send,
}

/// The bar.
#[component]
pub fn TopBar(props: &Props) -> Html {
    let theme = format!("Theme: {}", props.theme.name());
    html! {
        <header class="bar">
            <div class="brand">{ icons::brand() }<h1>{ "Tabernetes" }</h1><small>{ "simulated Kubernetes 1.36" }</small></div>
            <LessonPicker lessons={props.lessons.clone()} lesson={props.lesson.clone()} send={props.send.clone()} />
            <span class="grow" />
            <TimeControls clock={props.clock.clone()} paused={props.paused} speed={props.speed} send={props.send.clone()} />
            <span class="grow" />
            <button class="ghost icon" title={theme.clone()} aria-label={theme} onclick={props.send.reform(|_| Msg::Theme)}>
                { icons::contrast() }
            </button>
            <button class="ghost icon" title="Help and about" aria-label="Help and about" onclick={props.send.reform(|_| Msg::About(true))}>{ "?" }</button>
        </header>
    }
}

/// Props of [`LessonPicker`].
#[derive(Properties, PartialEq)]
struct PickerProps {
    lessons: std::rc::Rc<[(String, String)]>,
    lesson: String,
    send: Send,
}

/// Chooses a lesson, or none.
#[component]
fn LessonPicker(props: &PickerProps) -> Html {
    let choose = props.send.reform(|e: Event| {
        let select: HtmlSelectElement = e.target_unchecked_into();
        Msg::Lesson(Lesson::Choose(select.value()))
    });
    let option = |(id, title): &(String, String)| {
        html! { <option value={id.clone()} selected={*id == props.lesson}>{ title }</option> }
    };
    html! {
        <select class="picker" aria-label="Lesson" onchange={choose}>
            { for props.lessons.iter().map(option) }
            <option value="" selected={props.lesson.is_empty()}>{ "No lesson: free play" }</option>
        </select>
    }
}

/// Props of [`TimeControls`].
#[derive(Properties, PartialEq)]
struct TimeProps {
    clock: AttrValue,
    paused: bool,
    speed: u32,
    send: Send,
}

/// Pause, clock, step, speeds, next change.
#[component]
fn TimeControls(props: &TimeProps) -> Html {
    let send = |make: fn() -> Clock| props.send.reform(move |_: MouseEvent| Msg::Clock(make()));
    let pause = if props.paused { "Go on" } else { "Pause" };
    let speed = |n: &u32| {
        let n = *n;
        let on = n == props.speed;
        html! {
            <button class={classes!("speed", on.then_some("on"))} aria-pressed={on.to_string()} aria-label={format!("{n} times speed")}
                onclick={props.send.reform(move |_| Msg::Clock(Clock::Speed(n)))}>{ format!("{n}×") }</button>
        }
    };
    html! {
        <div class={classes!("time", props.paused.then_some("paused"))} role="group" aria-label="Time">
            <button class="icon" title={pause} aria-label={pause} onclick={send(|| Clock::Toggle)}>{ icons::pause(props.paused) }</button>
            <b class="clock" role="timer" aria-label="Virtual time">{ props.clock.clone() }</b>
            <button title="One second on" onclick={send(|| Clock::Step)}>{ "+1 s" }</button>
            { for SPEEDS.iter().map(speed) }
            <button class="next-change" title="Run until something changes in the cluster" onclick={send(|| Clock::NextChange)}>
                <span aria-hidden="true">{ "⇥ " }</span><span class="words">{ "next change" }</span>
            </button>
        </div>
    }
}
