//! Pod.

use crate::base::ordered::OrdMap;

use crate::api::int_or_string::IntOrString;
use crate::api::kind::{ALL_VERBS, Kind, Rules};
use crate::api::meta::Meta;
use crate::api::names;
use crate::api::rules::faults::{Faults, Path};
use crate::api::rules::pod_defaults as defaults;
use crate::api::rules::{pod as rules, strategy, warnings};
use crate::api::selector::LabelSelector;
use crate::api::status::Cause;
use crate::base::quantity::Quantity;
use crate::base::time::Time;
use crate::base::value::{Str, Value};
use crate::base::view::FromValue;
use crate::value;
use crate::view;

/// The kind.
pub static POD: Kind = Kind {
    group: "",
    version: "v1",
    name: "Pod",
    plural: "pods",
    singular: "pod",
    short: &["po"],
    namespaced: true,
    categories: &["all"],
    subresources: &[
        "attach",
        "binding",
        "ephemeralcontainers",
        "eviction",
        "exec",
        "log",
        "portforward",
        "proxy",
        "resize",
        "status",
    ],
    verbs: ALL_VERBS,
    rules: Rules { default, prepare_create, prepare_update, validate, validate_update, warnings },
};

view! {
    /// A pod as the simulation reads it.
    pub struct Pod {
        meta: Meta = "metadata",
        spec: PodSpec = "spec",
        status: PodStatus = "status",
    }

    /// What is to run. Upstream: staging/src/k8s.io/api/core/v1/types.go, PodSpec.
    pub struct PodSpec {
        volumes: Vec<Volume> = "volumes",
        init_containers: Vec<Container> = "initContainers",
        containers: Vec<Container> = "containers",
        ephemeral_containers: Vec<Container> = "ephemeralContainers",
        restart_policy: Str = "restartPolicy",
        termination_grace_period_seconds: Option<i64> = "terminationGracePeriodSeconds",
        active_deadline_seconds: Option<i64> = "activeDeadlineSeconds",
        dns_policy: Str = "dnsPolicy",
        node_selector: OrdMap<Str, Str> = "nodeSelector",
        service_account_name: Str = "serviceAccountName",
        automount_service_account_token: Option<bool> = "automountServiceAccountToken",
        node_name: Str = "nodeName",
        host_network: bool = "hostNetwork",
        share_process_namespace: Option<bool> = "shareProcessNamespace",
        security_context: PodSecurityContext = "securityContext",
        image_pull_secrets: Vec<LocalObjectReference> = "imagePullSecrets",
        hostname: Str = "hostname",
        subdomain: Str = "subdomain",
        set_hostname_as_fqdn: Option<bool> = "setHostnameAsFQDN",
        host_aliases: Vec<HostAlias> = "hostAliases",
        affinity: Affinity = "affinity",
        scheduler_name: Str = "schedulerName",
        tolerations: Vec<Toleration> = "tolerations",
        priority_class_name: Str = "priorityClassName",
        priority: Option<i32> = "priority",
        preemption_policy: Option<Str> = "preemptionPolicy",
        readiness_gates: Vec<PodReadinessGate> = "readinessGates",
        enable_service_links: Option<bool> = "enableServiceLinks",
        overhead: OrdMap<Str, Str> = "overhead",
        topology_spread_constraints: Vec<TopologySpreadConstraint> = "topologySpreadConstraints",
        scheduling_gates: Vec<PodSchedulingGate> = "schedulingGates",
    }

    /// A template of pods, as workloads hold it.
    pub struct PodTemplate {
        meta: Meta = "metadata",
        spec: PodSpec = "spec",
    }

    /// A container, also one that runs before the others or was added for debugging.
    pub struct Container {
        name: Str = "name",
        image: Str = "image",
        command: Vec<Str> = "command",
        args: Vec<Str> = "args",
        working_dir: Str = "workingDir",
        ports: Vec<ContainerPort> = "ports",
        env_from: Vec<EnvFromSource> = "envFrom",
        env: Vec<EnvVar> = "env",
        resources: ResourceRequirements = "resources",
        restart_policy: Option<Str> = "restartPolicy",
        volume_mounts: Vec<VolumeMount> = "volumeMounts",
        liveness_probe: Option<Probe> = "livenessProbe",
        readiness_probe: Option<Probe> = "readinessProbe",
        startup_probe: Option<Probe> = "startupProbe",
        lifecycle: Lifecycle = "lifecycle",
        termination_message_path: Str = "terminationMessagePath",
        termination_message_policy: Str = "terminationMessagePolicy",
        image_pull_policy: Str = "imagePullPolicy",
        security_context: SecurityContext = "securityContext",
        stdin: bool = "stdin",
        stdin_once: bool = "stdinOnce",
        tty: bool = "tty",
        target_container_name: Str = "targetContainerName",
    }

    /// A port that a container announces.
    pub struct ContainerPort {
        name: Str = "name",
        host_port: i32 = "hostPort",
        container_port: i32 = "containerPort",
        protocol: Str = "protocol",
        host_ip: Str = "hostIP",
    }

    /// Variables taken from all keys of an object.
    pub struct EnvFromSource {
        prefix: Str = "prefix",
        config_map_ref: Option<OptionalReference> = "configMapRef",
        secret_ref: Option<OptionalReference> = "secretRef",
    }

    /// A name of an object in the same namespace that may be allowed to be missing.
    pub struct OptionalReference {
        name: Str = "name",
        optional: bool = "optional",
    }

    /// One variable.
    pub struct EnvVar {
        name: Str = "name",
        value: Str = "value",
        value_from: Option<EnvVarSource> = "valueFrom",
    }

    /// Where a variable's value comes from.
    pub struct EnvVarSource {
        field_ref: Option<ObjectFieldSelector> = "fieldRef",
        resource_field_ref: Option<ResourceFieldSelector> = "resourceFieldRef",
        config_map_key_ref: Option<KeySelector> = "configMapKeyRef",
        secret_key_ref: Option<KeySelector> = "secretKeyRef",
    }

    /// A field of the pod itself.
    pub struct ObjectFieldSelector {
        api_version: Str = "apiVersion",
        field_path: Str = "fieldPath",
    }

    /// A request or limit of a container.
    pub struct ResourceFieldSelector {
        container_name: Str = "containerName",
        resource: Str = "resource",
        divisor: Str = "divisor",
    }

    /// A key of a ConfigMap or Secret.
    pub struct KeySelector {
        name: Str = "name",
        key: Str = "key",
        optional: bool = "optional",
    }

    /// Amounts asked for and amounts not to exceed, as quantities.
    pub struct ResourceRequirements {
        limits: OrdMap<Str, Str> = "limits",
        requests: OrdMap<Str, Str> = "requests",
    }

    /// A volume's place in a container.
    pub struct VolumeMount {
        name: Str = "name",
        read_only: bool = "readOnly",
        mount_path: Str = "mountPath",
        sub_path: Str = "subPath",
        sub_path_expr: Str = "subPathExpr",
    }

    /// A check that is run again and again.
    pub struct Probe {
        exec: Option<ExecAction> = "exec",
        http_get: Option<HttpGetAction> = "httpGet",
        tcp_socket: Option<TcpSocketAction> = "tcpSocket",
        grpc: Option<GrpcAction> = "grpc",
        initial_delay_seconds: i32 = "initialDelaySeconds",
        timeout_seconds: i32 = "timeoutSeconds",
        period_seconds: i32 = "periodSeconds",
        success_threshold: i32 = "successThreshold",
        failure_threshold: i32 = "failureThreshold",
        termination_grace_period_seconds: Option<i64> = "terminationGracePeriodSeconds",
    }

    /// A command in the container.
    pub struct ExecAction {
        command: Vec<Str> = "command",
    }

    /// A GET request.
    pub struct HttpGetAction {
        path: Str = "path",
        port: IntOrString = "port",
        host: Str = "host",
        scheme: Str = "scheme",
        http_headers: Vec<HttpHeader> = "httpHeaders",
    }

    /// A header of a request.
    pub struct HttpHeader {
        name: Str = "name",
        value: Str = "value",
    }

    /// A connection that only has to open.
    pub struct TcpSocketAction {
        port: IntOrString = "port",
        host: Str = "host",
    }

    /// A health check over gRPC.
    pub struct GrpcAction {
        port: i32 = "port",
        service: Option<Str> = "service",
    }

    /// Hooks around a container's life.
    pub struct Lifecycle {
        post_start: Option<LifecycleHandler> = "postStart",
        pre_stop: Option<LifecycleHandler> = "preStop",
        stop_signal: Option<Str> = "stopSignal",
    }

    /// What a hook does.
    pub struct LifecycleHandler {
        exec: Option<ExecAction> = "exec",
        http_get: Option<HttpGetAction> = "httpGet",
        tcp_socket: Option<TcpSocketAction> = "tcpSocket",
        sleep: Option<SleepAction> = "sleep",
    }

    /// A hook that only waits.
    pub struct SleepAction {
        seconds: i64 = "seconds",
    }

    /// The user and rights of a container.
    pub struct SecurityContext {
        run_as_user: Option<i64> = "runAsUser",
        run_as_group: Option<i64> = "runAsGroup",
        run_as_non_root: Option<bool> = "runAsNonRoot",
        read_only_root_filesystem: Option<bool> = "readOnlyRootFilesystem",
        privileged: Option<bool> = "privileged",
    }

    /// The same for all containers of a pod.
    pub struct PodSecurityContext {
        run_as_user: Option<i64> = "runAsUser",
        run_as_group: Option<i64> = "runAsGroup",
        run_as_non_root: Option<bool> = "runAsNonRoot",
        supplemental_groups: Vec<i64> = "supplementalGroups",
        fs_group: Option<i64> = "fsGroup",
    }

    /// The name of an object in the same namespace.
    pub struct LocalObjectReference {
        name: Str = "name",
    }

    /// Extra lines of `/etc/hosts`.
    pub struct HostAlias {
        ip: Str = "ip",
        hostnames: Vec<Str> = "hostnames",
    }

    /// A condition that must hold before the pod counts as ready.
    pub struct PodReadinessGate {
        condition_type: Str = "conditionType",
    }

    /// A name that holds the pod back from the scheduler.
    pub struct PodSchedulingGate {
        name: Str = "name",
    }

    /// A volume. Exactly one source is set.
    pub struct Volume {
        name: Str = "name",
        empty_dir: Option<EmptyDirVolumeSource> = "emptyDir",
        host_path: Option<HostPathVolumeSource> = "hostPath",
        persistent_volume_claim: Option<ClaimVolumeSource> = "persistentVolumeClaim",
        config_map: Option<ConfigMapVolumeSource> = "configMap",
        secret: Option<SecretVolumeSource> = "secret",
        downward_api: Option<DownwardApiVolumeSource> = "downwardAPI",
        projected: Option<ProjectedVolumeSource> = "projected",
        ephemeral: Option<EphemeralVolumeSource> = "ephemeral",
    }

    /// Space that lives with the pod.
    pub struct EmptyDirVolumeSource {
        medium: Str = "medium",
        size_limit: Option<Str> = "sizeLimit",
    }

    /// A directory of the node.
    pub struct HostPathVolumeSource {
        path: Str = "path",
        kind: Option<Str> = "type",
    }

    /// A claim in the same namespace.
    pub struct ClaimVolumeSource {
        claim_name: Str = "claimName",
        read_only: bool = "readOnly",
    }

    /// Files from a ConfigMap.
    pub struct ConfigMapVolumeSource {
        name: Str = "name",
        items: Vec<KeyToPath> = "items",
        default_mode: Option<i32> = "defaultMode",
        optional: bool = "optional",
    }

    /// Files from a Secret.
    pub struct SecretVolumeSource {
        secret_name: Str = "secretName",
        items: Vec<KeyToPath> = "items",
        default_mode: Option<i32> = "defaultMode",
        optional: bool = "optional",
    }

    /// A key and the file that it becomes.
    pub struct KeyToPath {
        key: Str = "key",
        path: Str = "path",
        mode: Option<i32> = "mode",
    }

    /// Files from the pod's own fields.
    pub struct DownwardApiVolumeSource {
        items: Vec<DownwardApiVolumeFile> = "items",
        default_mode: Option<i32> = "defaultMode",
    }

    /// One such file.
    pub struct DownwardApiVolumeFile {
        path: Str = "path",
        field_ref: Option<ObjectFieldSelector> = "fieldRef",
        resource_field_ref: Option<ResourceFieldSelector> = "resourceFieldRef",
        mode: Option<i32> = "mode",
    }

    /// Several sources in one directory.
    pub struct ProjectedVolumeSource {
        sources: Vec<VolumeProjection> = "sources",
        default_mode: Option<i32> = "defaultMode",
    }

    /// One of them.
    pub struct VolumeProjection {
        secret: Option<ProjectedObject> = "secret",
        config_map: Option<ProjectedObject> = "configMap",
        downward_api: Option<DownwardApiVolumeSource> = "downwardAPI",
        service_account_token: Option<ServiceAccountTokenProjection> = "serviceAccountToken",
    }

    /// A ConfigMap or Secret among the sources.
    pub struct ProjectedObject {
        name: Str = "name",
        items: Vec<KeyToPath> = "items",
        optional: bool = "optional",
    }

    /// A token among the sources.
    pub struct ServiceAccountTokenProjection {
        audience: Str = "audience",
        expiration_seconds: Option<i64> = "expirationSeconds",
        path: Str = "path",
    }

    /// A claim made for the pod and deleted with it.
    pub struct EphemeralVolumeSource {
        volume_claim_template: Value = "volumeClaimTemplate",
    }

    /// Where the pod wants to be and near what.
    pub struct Affinity {
        node_affinity: NodeAffinity = "nodeAffinity",
        pod_affinity: PodAffinity = "podAffinity",
        pod_anti_affinity: PodAffinity = "podAntiAffinity",
    }

    /// Rules about nodes.
    pub struct NodeAffinity {
        required: Option<NodeSelector> = "requiredDuringSchedulingIgnoredDuringExecution",
        preferred: Vec<PreferredSchedulingTerm> = "preferredDuringSchedulingIgnoredDuringExecution",
    }

    /// Terms of which one must match.
    pub struct NodeSelector {
        node_selector_terms: Vec<NodeSelectorTerm> = "nodeSelectorTerms",
    }

    /// Requirements that must all hold.
    pub struct NodeSelectorTerm {
        match_expressions: Vec<NodeSelectorRequirement> = "matchExpressions",
        match_fields: Vec<NodeSelectorRequirement> = "matchFields",
    }

    /// One requirement on a node's labels or fields.
    pub struct NodeSelectorRequirement {
        key: Str = "key",
        operator: Str = "operator",
        values: Vec<Str> = "values",
    }

    /// A wish about nodes, with its weight.
    pub struct PreferredSchedulingTerm {
        weight: i32 = "weight",
        preference: NodeSelectorTerm = "preference",
    }

    /// Rules about other pods, to be near or away from them.
    pub struct PodAffinity {
        required: Vec<PodAffinityTerm> = "requiredDuringSchedulingIgnoredDuringExecution",
        preferred: Vec<WeightedPodAffinityTerm> = "preferredDuringSchedulingIgnoredDuringExecution",
    }

    /// Which pods, and what counts as the same place.
    pub struct PodAffinityTerm {
        label_selector: Option<LabelSelector> = "labelSelector",
        namespaces: Vec<Str> = "namespaces",
        topology_key: Str = "topologyKey",
        namespace_selector: Option<LabelSelector> = "namespaceSelector",
        match_label_keys: Vec<Str> = "matchLabelKeys",
        mismatch_label_keys: Vec<Str> = "mismatchLabelKeys",
    }

    /// A wish about other pods, with its weight.
    pub struct WeightedPodAffinityTerm {
        weight: i32 = "weight",
        pod_affinity_term: PodAffinityTerm = "podAffinityTerm",
    }

    /// A taint that the pod puts up with.
    pub struct Toleration {
        key: Str = "key",
        operator: Str = "operator",
        value: Str = "value",
        effect: Str = "effect",
        toleration_seconds: Option<i64> = "tolerationSeconds",
    }

    /// How evenly pods are to lie over places.
    pub struct TopologySpreadConstraint {
        max_skew: i32 = "maxSkew",
        topology_key: Str = "topologyKey",
        when_unsatisfiable: Str = "whenUnsatisfiable",
        label_selector: Option<LabelSelector> = "labelSelector",
        min_domains: Option<i32> = "minDomains",
        node_affinity_policy: Option<Str> = "nodeAffinityPolicy",
        node_taints_policy: Option<Str> = "nodeTaintsPolicy",
        match_label_keys: Vec<Str> = "matchLabelKeys",
    }

    /// What is known of a pod's life.
    pub struct PodStatus {
        observed_generation: i64 = "observedGeneration",
        phase: Str = "phase",
        conditions: Vec<PodCondition> = "conditions",
        message: Str = "message",
        reason: Str = "reason",
        nominated_node_name: Str = "nominatedNodeName",
        host_ip: Str = "hostIP",
        host_ips: Vec<PodIp> = "hostIPs",
        pod_ip: Str = "podIP",
        pod_ips: Vec<PodIp> = "podIPs",
        start_time: Option<Time> = "startTime",
        init_container_statuses: Vec<ContainerStatus> = "initContainerStatuses",
        container_statuses: Vec<ContainerStatus> = "containerStatuses",
        ephemeral_container_statuses: Vec<ContainerStatus> = "ephemeralContainerStatuses",
        qos_class: Str = "qosClass",
    }

    /// One address.
    pub struct PodIp {
        ip: Str = "ip",
    }

    /// Something that is true, false or unknown of a pod.
    pub struct PodCondition {
        kind: Str = "type",
        observed_generation: i64 = "observedGeneration",
        status: Str = "status",
        last_probe_time: Option<Time> = "lastProbeTime",
        last_transition_time: Option<Time> = "lastTransitionTime",
        reason: Str = "reason",
        message: Str = "message",
    }

    /// What is known of a container.
    pub struct ContainerStatus {
        name: Str = "name",
        state: ContainerState = "state",
        last_state: ContainerState = "lastState",
        ready: bool = "ready",
        restart_count: i32 = "restartCount",
        image: Str = "image",
        image_id: Str = "imageID",
        container_id: Str = "containerID",
        started: Option<bool> = "started",
    }

    /// One of three states; none set means waiting.
    pub struct ContainerState {
        waiting: Option<ContainerStateWaiting> = "waiting",
        running: Option<ContainerStateRunning> = "running",
        terminated: Option<ContainerStateTerminated> = "terminated",
    }

    /// Not started yet.
    pub struct ContainerStateWaiting {
        reason: Str = "reason",
        message: Str = "message",
    }

    /// Running.
    pub struct ContainerStateRunning {
        started_at: Option<Time> = "startedAt",
    }

    /// Ended.
    pub struct ContainerStateTerminated {
        exit_code: i32 = "exitCode",
        signal: i32 = "signal",
        reason: Str = "reason",
        message: Str = "message",
        started_at: Option<Time> = "startedAt",
        finished_at: Option<Time> = "finishedAt",
        container_id: Str = "containerID",
    }
}

impl PodStatus {
    /// The condition of this type, if reported.
    pub fn condition(&self, kind: &str) -> Option<&PodCondition> {
        self.conditions.iter().find(|c| c.kind == kind)
    }

    /// Whether the condition of this type is `True`.
    pub fn is_true(&self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|c| c.status == "True")
    }
}

impl Pod {
    /// Whether the pod has ended for good. Upstream: pkg/api/v1/pod/util.go, IsPodTerminal.
    pub fn is_terminal(&self) -> bool {
        self.status.phase == "Succeeded" || self.status.phase == "Failed"
    }

    /// Whether the pod's `Ready` condition is true. Upstream: pkg/api/v1/pod/util.go, IsPodReady.
    pub fn is_ready(&self) -> bool {
        self.status.is_true("Ready")
    }
}

/// Upstream: pkg/apis/core/v1/defaults.go, SetDefaults_Pod.
fn default(pod: &mut Value) {
    defaults::pod(pod);
}

/// Upstream: pkg/registry/core/pod/strategy.go, PrepareForCreate.
fn prepare_create(pod: &mut Value) {
    pod.set_at(&["metadata", "generation"], 1);
    let class = qos_class(pod.get("spec"));
    pod.set("status", value!({"phase": "Pending", "qosClass": class}));
    if !pod.at(&["spec", "schedulingGates"]).as_array().is_empty() {
        let condition = value!({
            "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
        });
        pod.set_at(&["status", "conditions"], vec![condition]);
    }
    merge_label_keys(pod);
}

/// Upstream: pkg/registry/core/pod/strategy.go, PrepareForUpdate.
fn prepare_update(new: &mut Value, old: &Value) {
    strategy::update_with_generation(new, old);
}

fn validate(pod: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    rules::validate(pod, &mut faults);
    faults.causes
}

fn validate_update(new: &Value, old: &Value) -> Vec<Cause> {
    let mut faults = Faults::new();
    rules::update(new, old, &mut faults);
    faults.causes
}

/// The selectors of affinity and spreading take in the pod's own labels that they name by key.
/// Upstream: pkg/registry/core/pod/strategy.go, mutatePodAffinity and mutateTopologySpreadConstraints.
fn merge_label_keys(pod: &mut Value) {
    let labels = pod.at(&["metadata", "labels"]).clone();
    let merge = |term: &mut Value| {
        for (list, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
            for key in term.get(list).clone().as_array() {
                let label = labels.get(key.text());
                if !label.is_null() && !term.get("labelSelector").is_null() {
                    let one = value!({"key": key, "operator": operator, "values": [label]});
                    let all = term.entry_at(&["labelSelector", "matchExpressions"]);
                    all.make_array().push(one);
                }
            }
        }
    };
    let spec = pod.entry("spec");
    defaults::each(spec, "topologySpreadConstraints", merge);
    defaults::within(spec, "affinity", |affinity| {
        for kind in ["podAffinity", "podAntiAffinity"] {
            defaults::within(affinity, kind, |rules| {
                defaults::each(rules, "requiredDuringSchedulingIgnoredDuringExecution", merge);
                defaults::each(rules, "preferredDuringSchedulingIgnoredDuringExecution", |wish| {
                    defaults::within(wish, "podAffinityTerm", merge);
                });
            });
        }
    });
}

/// The quality of service that a pod's requests and limits give it.
/// Upstream: pkg/apis/core/helper/qos/qos.go, ComputePodQOS.
pub fn qos_class(spec: &Value) -> &'static str {
    let whole = spec.get("resources");
    let parts: Vec<&Value> = if whole.is_null() {
        let lists = ["containers", "initContainers"];
        lists.iter().flat_map(|key| spec.get(key).as_array()).map(|c| c.get("resources")).collect()
    } else {
        vec![whole]
    };
    let names = ["cpu", "memory"];
    let amount = |list: &Value, name: &str| Quantity::from_value(list.get(name));
    let total = |key: &str, name: &str| {
        parts.iter().map(|part| amount(part.get(key), name)).fold(Quantity::ZERO, |a, b| a + b)
    };
    let any = |key: &str| names.iter().any(|name| !total(key, name).is_zero());
    if !any("requests") && !any("limits") {
        return "BestEffort";
    }
    let limited =
        |part: &&Value| names.iter().all(|name| !amount(part.get("limits"), name).is_zero());
    let equal = names.iter().all(|name| total("requests", name) == total("limits", name));
    if equal && parts.iter().all(limited) { "Guaranteed" } else { "Burstable" }
}

/// Upstream: pkg/registry/core/pod/strategy.go, WarningsOnCreate; updates of pods are not warned of.
fn warnings(pod: &Value, old: Option<&Value>) -> Vec<String> {
    if old.is_some() {
        return Vec::new();
    }
    let mut all = Vec::new();
    let wrong = names::dns_label(pod.at(&["metadata", "name"]).text());
    if !wrong.is_empty() {
        all.push(format!("metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [{}]", wrong.join(" ")));
    }
    all.extend(warnings::pod_spec(pod.get("spec"), Path::new("spec")));
    all
}
