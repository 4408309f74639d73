//! Upstream: kubectl/pkg/describe/describe.go, describeCronJob and describeJobTemplate.

use super::super::Cx;
use super::super::error::CmdError;
use super::template::pod_template;
use super::writer::{Writer, date, or_none};
use crate::api::selector::format_label_selector;
use crate::base::gofmt;
use crate::base::value::Value;

pub(super) fn describe(_cx: &mut Cx, cron: &Value, w: &mut Writer) -> Result<(), CmdError> {
    let (meta, spec, status) = (cron.get("metadata"), cron.get("spec"), cron.get("status"));
    w.field(0, "Name", meta.get("name").text());
    w.field(0, "Namespace", meta.get("namespace").text());
    w.labels("Labels", meta.get("labels"));
    w.annotations("Annotations", meta.get("annotations"));
    w.field(0, "Schedule", spec.get("schedule").text());
    w.field(0, "Concurrency Policy", spec.get("concurrencyPolicy").text());
    let suspended = match spec.get("suspend").as_bool() {
        Some(true) => "True",
        Some(false) => "False",
        None => "<unset>",
    };
    w.field(0, "Suspend", suspended);
    let mut given = |title: &str, value: &Value, unit: &str| {
        if value.is_null() {
            w.field(0, title, "<unset>");
        } else {
            w.field(0, title, &format!("{}{unit}", gofmt::plain(value)));
        }
    };
    given("Time Zone", spec.get("timeZone"), "");
    given("Successful Job History Limit", spec.get("successfulJobsHistoryLimit"), "");
    given("Failed Job History Limit", spec.get("failedJobsHistoryLimit"), "");
    given("Starting Deadline Seconds", spec.get("startingDeadlineSeconds"), "s");
    let job = spec.at(&["jobTemplate", "spec"]);
    let selector = job.get("selector");
    let selector =
        if selector.is_null() { Value::Null } else { Value::from(format_label_selector(selector)) };
    given("Selector", &selector, "");
    given("Parallelism", job.get("parallelism"), "");
    given("Completions", job.get("completions"), "");
    let deadline = job.get("activeDeadlineSeconds");
    if !deadline.is_null() {
        given("Active Deadline Seconds", deadline, "s");
    }
    pod_template(w, job.get("template"));
    let last = status.get("lastScheduleTime");
    let last = if last.is_null() { "<unset>".to_owned() } else { date(last) };
    w.field(0, "Last Schedule Time", &last);
    let active: Vec<&str> =
        status.get("active").as_array().iter().map(|a| a.get("name").text()).collect();
    w.field(0, "Active Jobs", or_none(&active.join(", ")));
    Ok(())
}
