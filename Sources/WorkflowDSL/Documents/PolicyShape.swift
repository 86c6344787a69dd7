internal import JSON

let policyShape = ObjectShape(
  "a policy's spec", "What is done, to what, when, and how long the result is kept.",
  [
    .optional("description", .text, "what the policy is for, for people"),
    .required("workflow", .name(.document), "the workflow that it runs"),
    .optional("params", .map(keys: .identifier, values: .anything), "what its runs are told"),
    .optional("selector", .object(selectorShape), "the applications that it protects: a run of the workflow for each"),
    .optional("profile", .name(.document), "where exports go"),
    .optional("schedule", .object(scheduleShape), "when it runs; without one, only when it is told to"),
    .optional("retention", .object(retentionShape), "which restore points are kept, and what of them"),
    .optional(
      "rpo", .duration, "how old the last good point of each application may be; older ones are reported as a breach"
    ),
    .optional(
      "strict", .boolean, default: false,
      "refuse applications whose snapshots may be torn, instead of warning of them"),
    .optional("notify", .list(of: .object(notificationShape)), "who is told when something is wrong, and right again"),
    .optional("enabled", .boolean, default: true, "whether its schedule is followed"),
    .optional("priority", .integer(-32768...32767), default: 0, "runs of higher priority go first"),
  ])

private let selectorShape = ObjectShape(
  "a selector", "Which applications a policy protects.",
  [
    .optional(
      "applications", .oneOrList(of: .name(.documentPattern)),
      "applications by name; * stands for any characters: shop-*"),
    .optional("labels", .map(keys: .label, values: .text), "applications that have all of these labels"),
  ])

let scheduleShape = ObjectShape(
  "a schedule", "When a policy runs.",
  [
    .required(
      "cron", .text, "minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly, @yearly"),
    .optional("timeZone", .text, default: "UTC", "the time zone of the cron expression, such as Europe/Berlin"),
    .optional(
      "jitter", .duration, default: "0s", "runs start up to this much later, each policy by a share of its own"),
    .optional("grace", .duration, default: "1m", "how late a run may start and still count as on time"),
    .optional("windows", .list(of: .object(windowShape)), "runs start inside of these only"),
    .optional(
      "catchUp", .choice(["none", "latest", "all"]), default: "latest", "which runs that were missed are made up for"),
    .optional("catchUpLimit", .integer(1...1000), default: 100, "the most runs that are made up for"),
    .optional(
      "overlap", .choice(["skip", "queue", "replace"]), default: "skip", "what happens while the last run still goes on"
    ),
  ])

private let windowShape = ObjectShape(
  "a window", "A time of day on some days.",
  [
    .optional("days", .text, default: "*", "the days on which it opens, such as mon-fri"),
    .required("from", .text, "when it opens, such as 22:00"),
    .required("to", .text, "when it closes, such as 06:00"),
    .optional("timeZone", .text, "its time zone, if not the schedule's"),
  ])

private let retentionShape = ObjectShape(
  "a retention",
  "Which restore points are kept: rules for all that belongs to them, or for snapshots and exports separately.",
  [
    .optional("snapshots", .object(keepShape), "which snapshots are kept on their nodes"),
    .optional("exports", .object(keepShape), "which exports are kept in the repository"),
  ] + keepShape.fields)

private let keepShape = ObjectShape(
  "what is kept", "One that any of these rules keeps stays.",
  [
    .optional("keep", .integer(0...0), "0: none; a snapshot is freed as soon as its export is durable"),
    .optional("last", .integer(0...100_000), "the newest this many"),
    .optional("hourly", .integer(0...100_000), "the newest of each hour, for this many hours that have one"),
    .optional("daily", .integer(0...100_000), "the newest of each day, for this many days that have one"),
    .optional("weekly", .integer(0...100_000), "the newest of each week, for this many weeks that have one"),
    .optional("monthly", .integer(0...100_000), "the newest of each month, for this many months that have one"),
    .optional("yearly", .integer(0...100_000), "the newest of each year, for this many years that have one"),
    .optional("within", .duration, "all that are younger than this"),
  ])

private let notificationShape = ObjectShape(
  "a notification", "An HTTP request that tells somebody.",
  [
    .optional("url", .text, "where it is sent to"),
    .optional("urlFrom", .object(secretShape), "where it is sent to, if that is a secret, by reference"),
    .optional(
      "on", .oneOrList(of: .choice(["failure", "recovery", "rpo-breach"])),
      default: ["failure", "recovery", "rpo-breach"],
      "what is told: a run failed, the next one succeeded, the last good point is too old"),
    .optional("headers", .map(keys: .any, values: .text), "header fields"),
    .optional(
      "secretHeaders", .map(keys: .any, values: .object(secretShape)), "header fields with secret values, by reference"),
  ])
