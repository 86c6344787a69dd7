import JSON
import RestorePoints
import StepEngine
import Testing

@Suite("What policies protect")
struct ProtectionTests {
  private func put(
    _ catalogue: Catalogue, _ kind: String, _ name: String, labels: JSONValue = [:], spec: JSONValue = [:]
  ) async throws {
    try await catalogue.execute(
      "select holdfast.put_document('\(kind)', '\(name)', '\(labels.text)', 'x', '\(JSONValue.object(["spec": spec]).text)')"
    )
  }

  /// The rows of `policy_status`, as text.
  private func status(_ catalogue: Catalogue, _ columns: String) async throws -> String {
    try await catalogue.execute("select holdfast.follow_protection()")
    return try await catalogue.value(
      """
      select string_agg(concat_ws(' ', \(columns)), ', ' order by policy, application)
      from holdfast.policy_status
      """)
  }

  @Test("applications are selected by name, pattern and label, as plans select them")
  func selectors() async throws {
    try await withCatalogue { (catalogue) async throws in
      for (name, labels) in [
        ("shop-web", ["tier": "a"] as JSONValue), ("shop-db", ["tier": "b"]), ("shop.db", [:]),
        ("blog", ["tier": "a", "x": "y"]),
      ] { try await put(catalogue, "application", name, labels: labels) }
      for (selector, expected) in [
        (["applications": ["shop-*"]] as JSONValue, "shop-db, shop-web"),
        (["applications": ["*-??", "blog"]], "blog, shop-db"),
        (["applications": "*"], "blog, shop-db, shop-web, shop.db"), (["labels": ["tier": "a"]], "blog, shop-web"),
        (["labels": ["tier": "a", "x": "y"]], "blog"), (["applications": ["shop.db"]], "shop.db"),
        (["applications": ["shop.*"]], "shop.db"),
        (["applications": ["shop-db"], "labels": ["x": "y"]], "blog, shop-db"),
        (["applications": ["none"]], "it selects no application"), (["labels": [:]], "it selects no application"),
      ] {
        try await put(catalogue, "policy", "p", spec: ["selector": selector])
        #expect(try await status(catalogue, "application, problem") == expected, "\(selector.text)")
      }
      try await put(catalogue, "policy", "p", spec: ["workflow": "w"])
      #expect(try await status(catalogue, "policy, application, problem") == "p")
      try await put(catalogue, "policy", "p", spec: ["params": ["application": "blog"]])
      #expect(try await status(catalogue, "policy, application, problem") == "p blog")
      try await catalogue.execute("select holdfast.delete_document('policy', 'p')")
      #expect(try await status(catalogue, "policy") == "∅")
      #expect(try await catalogue.value("select count(*) from holdfast.protection") == "0")
    }
  }

  @Test("an RPO is a length of time, is measured by good points alone, and rests while the policy is off")
  func rpo() async throws {
    try await withCatalogue { (catalogue) async throws in
      try await put(catalogue, "application", "shop")
      for (rpo, seconds) in [
        ("90s" as JSONValue, "90"), (5400, "5400"), ("1h30m", "5400"), ("2d", "172800"), ("soon", ""),
      ] {
        try await put(catalogue, "policy", "p", spec: ["selector": ["applications": "shop"], "rpo": rpo])
        #expect(try await status(catalogue, "extract(epoch from rpo)::int") == seconds, "\(rpo.text)")
      }
      let spec: [String: JSONValue] = ["selector": ["applications": "shop"], "rpo": "1h"]
      try await put(catalogue, "policy", "p", spec: .object(spec))
      // Nothing yet, and not for long.
      #expect(try await status(catalogue, "breached, last_good_point") == "f")
      try await catalogue.execute("update holdfast.protection set since = now() - interval '2 hours'")
      #expect(try await status(catalogue, "breached, last_good_point") == "t")
      try await catalogue.put(onePoint("old", policy: "p", at: "2026-01-01T00:00:00Z", export: 1))
      #expect(try await status(catalogue, "breached, last_good_point, kept") == "t old export")
      let now = try await catalogue.value("select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
      // Another policy's point, and a snapshot beside the data: not what this policy promises.
      try await catalogue.put(onePoint("other", policy: "q", at: now, export: 2))
      try await catalogue.put(onePoint("local", policy: "p", at: now, snapshot: "hf-1"))
      #expect(try await status(catalogue, "breached, last_good_point, kept") == "t old export")
      // Nor is one that another installation may have made, as long as nobody has said that it is ours.
      #expect(try await catalogue.store.importPoint(onePoint("found", policy: "p", at: now, export: 4)))
      #expect(try await status(catalogue, "breached, last_good_point, kept") == "t old export")
      #expect(
        try await catalogue.value(
          "select name from holdfast.restore_point where point_id = holdfast.last_good_of('p', 'shop')") == "old")
      try await catalogue.put(onePoint("new", policy: "p", at: now, export: 3))
      #expect(try await status(catalogue, "breached, last_good_point, kept") == "f new export")
      try await catalogue.store.verified("new", ok: false)
      #expect(try await status(catalogue, "breached, last_good_point, kept") == "t old export")
      try await put(catalogue, "policy", "p", spec: .object(spec.merging(["enabled": false]) { $1 }))
      #expect(try await status(catalogue, "breached, rpo") == "f")
    }
  }
}
