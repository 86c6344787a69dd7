import Foundation
import TestSupport
import Testing

@Suite("Roles of the database")
struct RoleTests {
  @Test("a worker may call every function that the program calls")
  func calls() async throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    let found = try await runProgram(
      "grep", ["-rhoP", #"holdfast\.\K[a-z_]+(?=\()"#, "--include=*.swift", sources.path])
    let called = Set(found.output.split(separator: "\n").map(String.init))
    #expect(called.count > 30)
    try await withEngine { engine in
      let refused = try await engine.rows(
        """
        select distinct f.proname::text as a
        from pg_proc f
        where f.pronamespace = 'holdfast'::regnamespace and f.proname = any (string_to_array('\(called.sorted().joined(separator: ","))', ','))
          and not has_function_privilege('holdfast_worker', f.oid, 'execute')
        order by 1
        """)
      #expect(refused.isEmpty, "\(refused)")
    }
  }
}
