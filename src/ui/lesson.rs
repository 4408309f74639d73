//! The lesson pane: where one is, what to read, what to run, what is checked.

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use crate::ui::msg::{Lesson, Msg, Send};
use crate::view::lesson::{Check, LessonView, Part, RunBlock, RunState};

/// Props of [`LessonPane`].
#[derive(Properties, PartialEq)]
pub struct Props {
    pub lesson: Option<Rc<LessonView>>,
    pub send: Send,
}

/// The pane.
#[component]
pub fn LessonPane(props: &Props) -> Html {
    let Some(lesson) = &props.lesson else {
        return html! {
            <section class="lesson" aria-label="Lesson" tabindex="-1">
                <div class="prose"><h2>{ "Free play" }</h2>
                    <p>{ "No lesson runs. The cluster is yours: four nodes, a default StorageClass, two terminals with kubectl." }</p>
                    <p>{ "Try " }<code>{ "kubectl get nodes" }</code>{ ", or open the files and apply one." }</p>
                </div>
            </section>
        };
    };
    let step = lesson.steps.get(lesson.current).map(|(title, _)| title.clone()).unwrap_or_default();
    html! {
        <section class="lesson" aria-label="Lesson" tabindex="-1">
            { progress(lesson, &props.send) }
            <div class="prose" key={lesson.current} tabindex="0" role="group" aria-label="Step">
                <h2>{ step }</h2>
                { for lesson.parts.iter().map(|part| self::part(part, &props.send)) }
                { congratulation(lesson) }
            </div>
            { foot(props, lesson) }
        </section>
    }
}

fn part(part: &Part, send: &Send) -> Html {
    // The HTML was made from our own lessons when the page was built; nothing of the learner's gets into it.
    let trusted = |html: &str| Html::from_html_unchecked(html.to_owned().into());
    match part {
        Part::Prose(html) => trusted(html),
        Part::Note(html) => html! { <div class="note">{ trusted(html) }</div> },
        Part::Folded(word, html) => {
            html! { <details><summary>{ *word }</summary>{ trusted(html) }</details> }
        }
        Part::Run(block) => run_block(block, send),
        Part::Checks(list) => checks(list),
    }
}

fn progress(lesson: &LessonView, send: &Send) -> Html {
    let dot = |(i, (title, done)): (usize, &(String, bool))| {
        let here = i == lesson.current;
        let class = classes!("dot", done.then_some("d"), here.then_some("n"));
        let state = if *done { ", done" } else { "" };
        html! {
            <li><button {class} title={title.clone()} aria-label={format!("Step {}: {title}{state}", i + 1)}
                aria-current={here.then_some("step")} onclick={send.reform(move |_| Msg::Lesson(Lesson::GoTo(i)))} /></li>
        }
    };
    html! {
        <header>
            <div class="crumb">
                <span>{ &lesson.title }{ format!(" · step {} of {}", lesson.current + 1, lesson.steps.len()) }</span>
                <span class="grow" />
                <span role="status">{ format!("{} done", lesson.done()) }</span>
                <button class="ghost" title="Start the lesson with a new cluster" onclick={send.reform(|_| Msg::Lesson(Lesson::Restart))}>{ "restart" }</button>
            </div>
            <ol class="dots" aria-label="Steps">{ for lesson.steps.iter().enumerate().map(dot) }</ol>
        </header>
    }
}

/// ①, ②, …
pub fn terminal_sign(number: u32) -> String {
    char::from_u32(0x245F + number)
        .filter(|_| (1..=20).contains(&number))
        .map_or_else(|| number.to_string(), String::from)
}

fn run_block(block: &RunBlock, send: &Send) -> Html {
    let sign = terminal_sign(block.terminal);
    let (id, terminal) = (block.id, block.terminal);
    let state = match block.state {
        RunState::New => html! { <span>{ format!("terminal {sign}") }</span> },
        RunState::Running => html! { <span class="tick">{ format!("running in {sign}") }</span> },
        RunState::Done => html! { <span class="tick">{ format!("✓ run in {sign}") }</span> },
    };
    let running = block.state == RunState::Running;
    let run = if block.state == RunState::Done { "Run again" } else { "Run ▸" };
    html! {
        <div class={classes!("run", (block.state != RunState::New).then_some("done"))} data-terminal={terminal.to_string()}>
            <pre tabindex="0" aria-label={format!("Commands for terminal {terminal}")}>{ &block.text }</pre>
            <footer>{ state }<span class="grow" />
                <CopyButton text={block.text.clone()} />
                if running {
                    <button class="stop" onclick={send.reform(move |_| Msg::Lesson(Lesson::Stop(terminal)))}>{ "stop" }</button>
                } else {
                    <button class={if block.state == RunState::New { "primary" } else { "again" }}
                        onclick={send.reform(move |_| Msg::Lesson(Lesson::Run(id)))}>{ run }</button>
                }
            </footer>
        </div>
    }
}

/// Props of [`CopyButton`].
#[derive(Properties, PartialEq)]
struct CopyProps {
    text: String,
}

/// Puts text on the clipboard and says so for a moment.
#[component]
fn CopyButton(props: &CopyProps) -> Html {
    let copied = use_state(|| None::<Timeout>);
    let onclick = {
        let (text, copied) = (props.text.clone(), copied.clone());
        Callback::from(move |_: MouseEvent| {
            let _ = gloo::utils::window().navigator().clipboard().write_text(&text);
            let over = copied.clone();
            copied.set(Some(Timeout::new(1500, move || over.set(None))));
        })
    };
    let word = if copied.is_some() { "copied" } else { "copy" };
    html! { <button class="ghost" {onclick}>{ word }</button> }
}

fn checks(checks: &[Check]) -> Html {
    let row = |check: &Check| {
        let (class, word) = if check.done { ("ok", "done: ") } else { ("todo", "to do: ") };
        html! { <li {class}><span><span class="sr">{ word }</span>{ &check.text }</span></li> }
    };
    html! { <ul class="checks" aria-label="Checks">{ for checks.iter().map(row) }</ul> }
}

fn congratulation(lesson: &LessonView) -> Html {
    if lesson.done() < lesson.steps.len() {
        return Html::default();
    }
    html! { <div class="note finished" role="status"><b>{ "Lesson complete." }</b>{ " Every step is done. The cluster stays yours to play with." }</div> }
}

fn foot(props: &Props, lesson: &LessonView) -> Html {
    let go = |to: usize| props.send.reform(move |_| Msg::Lesson(Lesson::GoTo(to)));
    let last = lesson.current + 1 >= lesson.steps.len();
    let done = lesson.steps.get(lesson.current).is_some_and(|(_, done)| *done);
    let next = if done { classes!("primary") } else { classes!("secondary") };
    html! {
        <footer>
            <button class="ghost" disabled={lesson.current == 0} onclick={go(lesson.current.saturating_sub(1))}>{ "← Back" }</button>
            <span class="grow" />
            <button class={classes!(next, "next")} disabled={last} onclick={go(lesson.current + 1)}>{ if done { "Next →" } else { "Skip →" } }</button>
        </footer>
    }
}
