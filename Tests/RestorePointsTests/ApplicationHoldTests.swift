import JSON
import PostgresClient
import RestorePoints
import StepEngine
import Synchronization
import TestSupport
import Testing

@Suite("Who is at an application")
struct ApplicationHoldTests {
  @Test(
    "one has it for itself; the others come in the order in which they asked, and are told which run is before them")
  func order() async throws {
    try await withCatalogue { (catalogue) async throws in
      let store = catalogue.store
      let (first, second, third) = (
        try await catalogue.step(policy: "nightly"), try await catalogue.step(), try await catalogue.step()
      )
      #expect(try await store.hold(application: "shop", isShared: false, by: first) == nil)
      #expect(try await store.hold(application: "shop", isShared: false, by: first) == nil, "safe to repeat")
      #expect(try await store.hold(application: "other", isShared: false, by: second) == nil)
      let reason = try await store.hold(application: "shop", isShared: false, by: second)
      #expect(
        reason
          == "run \(first.id.run) (backup, policy nightly) is at application shop; this one comes after it, or once that is cancelled"
      )
      #expect(
        try await store.hold(application: "shop", isShared: false, by: third)?.contains("\(first.id.run)") == true)

      try await store.free(application: "shop", by: first)
      try await store.free(application: "shop", by: first)
      let later = try await store.hold(application: "shop", isShared: false, by: third)
      #expect(later?.hasPrefix("run \(second.id.run) (backup) was before this one") == true, "\(later ?? "")")
      #expect(try await store.hold(application: "shop", isShared: false, by: second) == nil)
      #expect(
        try await store.hold(application: "shop", isShared: false, by: first) != nil, "at the end of the queue now")
    }
  }

  @Test("those who only read share it, but not past one who waits for it alone")
  func sharing() async throws {
    try await withCatalogue { (catalogue) async throws in
      let store = catalogue.store
      var steps: [HeldStep] = []
      for _ in 0..<4 { steps.append(try await catalogue.step()) }
      #expect(try await store.hold(application: "shop", isShared: true, by: steps[0]) == nil)
      #expect(try await store.hold(application: "shop", isShared: true, by: steps[1]) == nil)
      #expect(try await store.hold(application: "shop", isShared: false, by: steps[2]) != nil)
      #expect(try await store.hold(application: "shop", isShared: true, by: steps[3]) != nil)
      try await store.free(application: "shop", by: steps[0])
      #expect(try await store.hold(application: "shop", isShared: false, by: steps[2]) != nil)
      // One who shared it and wants it alone now lets those go first who came since.
      #expect(try await store.hold(application: "shop", isShared: false, by: steps[1]) != nil)
      #expect(try await store.hold(application: "shop", isShared: false, by: steps[2]) == nil)
      try await store.free(application: "shop", by: steps[2])
      #expect(try await store.hold(application: "shop", isShared: true, by: steps[3]) == nil)
      #expect(try await store.hold(application: "shop", isShared: false, by: steps[1]) != nil)
      try await store.free(application: "shop", by: steps[3])
      #expect(try await store.hold(application: "shop", isShared: false, by: steps[1]) == nil)
    }
  }

  @Test("an ended run has nothing, and a part of a run may go where the whole is")
  func runs() async throws {
    try await withCatalogue { (catalogue) async throws in
      let store = catalogue.store
      let (ended, whole) = (try await catalogue.step(), try await catalogue.step())
      #expect(try await store.hold(application: "shop", isShared: false, by: ended) == nil)
      #expect(try await store.hold(application: "shop", isShared: false, by: whole) != nil)
      try await catalogue.end(ended, failure: "no luck")
      #expect(try await store.hold(application: "shop", isShared: false, by: whole) == nil)

      // Somebody waits for the whole, which waits for its part: that goes first.
      let stranger = try await catalogue.step()
      #expect(try await store.hold(application: "shop", isShared: false, by: stranger) != nil)
      let part = try await catalogue.step()
      #expect(try await store.hold(application: "shop", isShared: false, by: part) != nil)
      try await catalogue.execute(
        "update holdfast.run set parent_step = \(whole.id.value) where run_id = \(part.id.run.value)")
      #expect(try await store.hold(application: "shop", isShared: false, by: part) == nil)

      try await store.free(application: "shop", by: whole)
      #expect(
        try await store.hold(application: "shop", isShared: false, by: stranger)?.contains("\(part.id.run)") == true)

      try await catalogue.execute("delete from holdfast.lease where step_id = \(part.id.value)")
      let error = await storeError { try await store.free(application: "shop", by: part) }
      #expect(error?.kind == .staleFence)
    }
  }

  @Test("nobody waits for one whose queue or policy is paused, and that one finds its turn taken afterwards")
  func paused() async throws {
    try await withCatalogue { (catalogue) async throws in
      let store = catalogue.store
      let (first, second, third) = (
        try await catalogue.step(), try await catalogue.step(policy: "nightly"), try await catalogue.step()
      )
      #expect(try await store.hold(application: "shop", isShared: false, by: first) == nil)
      #expect(try await store.hold(application: "shop", isShared: false, by: second) != nil)
      try await store.free(application: "shop", by: first)
      #expect(try await store.hold(application: "shop", isShared: false, by: third) != nil)
      try await catalogue.client.pause(.policy, "nightly", reason: "look")
      #expect(try await store.hold(application: "shop", isShared: false, by: third) == nil)
      _ = try await catalogue.client.resume(.policy, "nightly")
      #expect(try await store.hold(application: "shop", isShared: false, by: second) != nil)
      try await store.free(application: "shop", by: third)
      #expect(try await store.hold(application: "shop", isShared: false, by: second) == nil)
    }
  }

  @Test("who waits is woken when it is freed")
  func waking() async throws {
    try await withCatalogue { (catalogue) async throws in
      let store = catalogue.store
      let (first, second) = (try await catalogue.step(), try await catalogue.step())
      #expect(try await store.hold(application: "shop", isShared: false, by: first) == nil)
      #expect(try await store.hold(application: "shop", isShared: false, by: second) != nil)
      let signal = RestorePointStore.freedSignal("shop")
      // Freed before it is parked: then it does not even wait.
      try await store.free(application: "shop", by: first)
      try await catalogue.execute(
        """
        select holdfast.settle(\(second.id.value), \(second.fence.value), null, 'wait',
          '{"reason": "later", "wakeAfter": 3600, "signal": "\(signal)"}')
        """)
      #expect(
        try await catalogue.value("select count(*) from holdfast.ready where step_id = \(second.id.value)") == "1")
      let again = try await catalogue.claim(of: second.id.run)
      #expect(try await store.hold(application: "shop", isShared: false, by: again) == nil)

      #expect(try await store.hold(application: "shop", isShared: false, by: first) != nil)
      try await catalogue.execute(
        """
        select holdfast.settle(\(first.id.value), \(first.fence.value), null, 'wait',
          '{"reason": "later", "wakeAfter": 3600, "signal": "\(signal)"}')
        """)
      #expect(try await catalogue.value("select count(*) from holdfast.parked") == "1")
      try await store.free(application: "shop", by: again)
      #expect(try await catalogue.value("select count(*) from holdfast.parked") == "0")
    }
  }

  @Test("of many at once, each has it alone")
  func race() async throws {
    try await withCatalogue { (catalogue) async throws in
      let store = catalogue.store
      var steps: [HeldStep] = []
      for _ in 0..<6 { steps.append(try await catalogue.step()) }
      let presence = Presence()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for step in steps {
          group.addTask {
            for _ in 0..<8 {
              while try await store.hold(application: "shop", isShared: false, by: step) != nil { await Task.yield() }
              #expect(presence.inside.add(1, ordering: .sequentiallyConsistent).newValue == 1)
              presence.entered.add(1, ordering: .sequentiallyConsistent)
              await Task.yield()
              presence.inside.subtract(1, ordering: .sequentiallyConsistent)
              try await store.free(application: "shop", by: step)
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(presence.entered.load(ordering: .sequentiallyConsistent) == 48)
    }
  }
}

/// How many are at an application now, and how often somebody came.
private final class Presence: Sendable {
  let inside = Atomic(0)
  let entered = Atomic(0)
}
