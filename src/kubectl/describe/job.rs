//! Upstream: kubectl/pkg/describe/describe.go, describeJob.

use super::super::Cx;
use super::super::error::CmdError;
use super::controlled_by;
use super::template::pod_template;
use super::writer::{Writer, date, number, or_none};
use crate::api::selector::format_label_selector;
use crate::base::gofmt;
use crate::base::human;
use crate::base::time::Time;
use crate::base::value::Value;

pub(super) fn describe(_cx: &mut Cx, job: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (job.get("metadata"), job.get("spec"), job.get("status"));
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.field(0, "Selector", &format_label_selector(spec.get("selector")));
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    controlled_by(w, job);
    let mut given = |title: &str, value: &Value, unit: &str| {
        if !value.is_null() {
            w.field(0, title, &format!("{}{unit}", gofmt::plain(value)));
        }
    };
    given("Parallelism", spec.get("parallelism"), "");
    let unset = Value::from("<unset>");
    let completions = spec.get("completions");
    given("Completions", if completions.is_null() { &unset } else { completions }, "");
    given("Completion Mode", spec.get("completionMode"), "");
    given("Suspend", spec.get("suspend"), "");
    given("Backoff Limit", spec.get("backoffLimit"), "");
    given("TTL Seconds After Finished", spec.get("ttlSecondsAfterFinished"), "");
    let (start, end) = (status.get("startTime"), status.get("completionTime"));
    if !start.is_null() {
        w.field(0, "Start Time", &date(start));
    }
    if !end.is_null() {
        w.field(0, "Completed At", &date(end));
    }
    if let (Some(start), Some(end)) = (Time::parse(start.text()), Time::parse(end.text())) {
        w.field(0, "Duration", &human::duration(end - start));
    }
    let deadline = spec.get("activeDeadlineSeconds");
    if !deadline.is_null() {
        w.field(0, "Active Deadline Seconds", &format!("{}s", number(deadline)));
    }
    let ready = match status.get("ready").as_i64() {
        Some(ready) => format!(" ({ready} Ready)"),
        None => String::new(),
    };
    let of = |name: &str| number(status.get(name));
    let (active, succeeded, failed) = (of("active"), of("succeeded"), of("failed"));
    let pods = format!("{active} Active{ready} / {succeeded} Succeeded / {failed} Failed");
    w.field(0, "Pods Statuses", &pods);
    if spec.get("completionMode").text() == "Indexed" {
        w.field(0, "Completed Indexes", or_none(status.get("completedIndexes").text()));
    }
    pod_template(w, spec.get("template"));
    Ok(())
}
