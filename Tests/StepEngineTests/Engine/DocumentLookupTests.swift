import JSON
import StepEngine
import TestSupport
import Testing

@Suite("Documents that workers look up")
struct DocumentLookupTests {
  @Test("by kind and name, in their newest version, also for who may only call the protocol")
  func lookUp() async throws {
    try await withEngine { engine in
      for (name, text) in [("b", "1"), ("a", "2"), ("b", "3")] {
        try await engine.execute(
          """
          select holdfast.put_document('profile', '\(name)', '{}', 'text', '{"kind": "Profile", "spec": \(text)}', 'me')
          """)
      }
      #expect(try await engine.client.document(kind: "profile", name: "b") == ["kind": "Profile", "spec": 3])
      #expect(try await engine.client.document(kind: "profile", name: "c") == nil)
      #expect(try await engine.client.document(kind: "application", name: "b") == nil)
      let all = try await engine.client.documents(kind: "profile")
      #expect(all.map { $0["spec"] } == [2, 3])
      #expect(try await engine.client.documents(kind: "workflow") == [])
      for function in ["document_content(text, text)", "documents_of(text)"] {
        #expect(
          try await engine.value(
            "select has_function_privilege('holdfast_worker', 'holdfast.\(function)', 'execute')") == "true")
      }
    }
  }
}
