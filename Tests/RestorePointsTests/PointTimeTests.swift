import JSON
import ResticFormat
import RestorePoints
import StepEngine
import Testing
import TimeZones

@Suite("Times of restore points, whatever the clocks of their nodes say")
struct PointTimeTests {
  /// A time before any run of this test, and one that it will not see.
  static let oddTimes = ["2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]

  @Test("a point is not of the time before its run, nor of the future: the next is newer", arguments: oddTimes)
  func recorded(time: String) async throws {
    try await withCatalogue { (catalogue) async throws in
      let odd = onePoint("odd", at: time, export: 1)
      let step = try await catalogue.step(policy: "nightly")
      _ = try await catalogue.store.record(odd, by: step)
      #expect(
        try await catalogue.value(
          """
          select p.created_at between r.submitted_at and p.recorded_at
          from holdfast.restore_point p join holdfast.run r on r.run_id = p.run_id
          """) == "true")
      // As it is sealed, it stays.
      #expect(try await catalogue.store.point("odd")?.point == odd)
      #expect(try await catalogue.store.record(odd, by: step) == "odd")

      let next = onePoint("next", at: Snapshot.Moment.now.rfc3339, export: 2)
      _ = try await catalogue.store.record(next, by: try await catalogue.step(policy: "nightly"))
      let points = try await catalogue.store.points(application: "shop", policy: "nightly")
      #expect(points.map(\.point.name) == ["next", "odd"])
      #expect(try await catalogue.store.point("shop")?.point.name == "next")
      let decisions = RetentionPlan.decide(
        points, snapshots: .all, exports: try KeepRules(json: ["last": 1]), now: .now, zone: .utc)
      #expect(decisions.map(\.point) == ["next", "odd"] && decisions.map(\.isWhole) == [false, true])
    }
  }

  @Test("its end is as long after it as its node meant", arguments: oddTimes)
  func expiry(time: String) async throws {
    try await withCatalogue { (catalogue) async throws in
      var odd = onePoint("odd", at: time, export: 1)
      odd.expiresAt = Snapshot.Moment(seconds: odd.createdAt.seconds + 3600, nanoseconds: 0)
      _ = try await catalogue.store.record(odd, by: try await catalogue.step())
      let known = try #require(try await catalogue.store.point("odd"))
      let expires = try #require(known.expiresAt)
      #expect(abs(expires.seconds - known.createdAt.seconds - 3600) <= 1)
      #expect(abs(expires.seconds - Snapshot.Moment.now.seconds - 3600) < 600)
      #expect(known.point == odd)
    }
  }

  @Test("a worker whose clock is ahead retires nothing before its end")
  func clockAhead() async throws {
    try await withCatalogue { (catalogue) async throws in
      let now = try await catalogue.store.now()
      #expect(try await catalogue.value("select abs(extract(epoch from now()) - \(now.seconds)) < 60") == "true")
      for (number, hours) in [(1, 1), (2, 24)] as [(Int, Int64)] {
        var point = onePoint("p\(number)", at: now.rfc3339, export: number)
        point.expiresAt = Snapshot.Moment(seconds: now.seconds + hours * 3600, nanoseconds: 0)
        _ = try await catalogue.store.record(point, by: try await catalogue.step(policy: "nightly"))
      }
      let step = try await catalogue.step(policy: "nightly")
      let later = Snapshot.Moment(seconds: now.seconds + 7200, nanoseconds: 0)
      let decisions = RetentionPlan.decide(
        try await catalogue.store.points(), snapshots: .all, exports: .all, now: later, zone: .utc)
      #expect(decisions.filter(\.isWhole).map(\.point) == ["p1"])
      let early = try await catalogue.store.beginRetire(decisions, by: step)
      #expect(early.points == [] && early.refused.map(\.point) == ["p1"])
      let reason = try #require(early.refused.first?.reason)
      #expect(reason.hasPrefix("until 2") && reason.hasSuffix(" UTC"))
      try await catalogue.execute("update holdfast.restore_point set expires_at = now() where name = 'p1'")
      #expect(try await catalogue.store.beginRetire(decisions, by: step).points.map(\.name) == ["p1"])
    }
  }

  @Test("an imported point is of now at the latest, and of any time before")
  func imported() async throws {
    try await withCatalogue { (catalogue) async throws in
      let odd = onePoint("odd", at: "2999-01-01T00:00:00Z", export: 1)
      #expect(try await catalogue.store.importPoint(odd))
      #expect(try await catalogue.store.importPoint(odd) == false)
      #expect(try await catalogue.store.importPoint(onePoint("old", at: "2001-01-01T00:00:00Z", export: 2)))
      #expect(
        try await catalogue.value("select bool_and(created_at <= recorded_at) from holdfast.restore_point") == "true")
      #expect(try await catalogue.store.point("old")?.createdAt.seconds == moment("2001-01-01T00:00:00Z").seconds)
      let next = onePoint("next", at: Snapshot.Moment.now.rfc3339, export: 3)
      _ = try await catalogue.store.record(next, by: try await catalogue.step())
      #expect(try await catalogue.store.points().map(\.point.name) == ["next", "odd", "old"])
    }
  }
}
