import PostgresClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5))) struct NotificationTests {
  @Test("notifications arrive in order, on odd channels too, also those that came with other answers")
  func arrive() async throws {
    let listener = try await connect()
    let sender = try await connect()
    let channels = ["notes", "Odd \"name\"; drop table x"]
    try await listener.listen(channels)
    async let first = sendLater(channels[0], "one")
    let one = try await listener.nextNotification(until: .now + .seconds(20))
    #expect(one?.channel == channels[0])
    #expect(one?.payload == "one")
    #expect(try await one?.senderProcessID == first)

    _ = try await sender.query("select pg_notify($1, 'two'), pg_notify($1, 'three')", [.text(channels[1])])
    try await listener.ping()
    var payloads: [String?] = []
    for _ in 0..<2 { payloads.append(try await listener.nextNotification(until: .now + .seconds(20))?.payload) }
    #expect(payloads == ["two", "three"])
    #expect(try await listener.nextNotification(until: .now + .milliseconds(30)) == nil)
  }

  private func sendLater(_ channel: String, _ payload: String) async throws -> Int {
    let connection = try await connect()
    try await Task.sleep(for: .milliseconds(30))
    _ = try await connection.query("select pg_notify($1, $2)", [.text(channel), .text(payload)])
    return connection.serverProcessID
  }

  @Test("a listener that is cancelled stays usable")
  func cancelled() async throws {
    let left = Box(0)
    let task = Task {
      let connection = try await connect()
      try await connection.listen(["cancelled"])
      left.set(1)
      let error = await postgresError { _ = try await connection.nextNotification() }
      try await connection.shielded { left.set(try await $0.query("select 1").count + 1) }
      return error
    }
    try await eventually { left.value == 1 }
    task.cancel()
    #expect(try await task.value?.kind == .cancelled)
    #expect(left.value == 2)
  }

  @Test("a listener learns that its server has gone")
  func dead() async throws {
    let connection = try await connect()
    try await connection.listen(["dead"])
    let pid = Int32(connection.serverProcessID)
    async let killer: Void = {
      try await Task.sleep(for: .milliseconds(50))
      _ = try await connect().query("select pg_terminate_backend($1)", [.int32(pid)])
    }()
    let error = await postgresError { _ = try await connection.nextNotification() }
    try await killer
    #expect(error?.kind == .shuttingDown)
    #expect(error?.sqlState == "57P01")
    #expect(!connection.isUsable)
  }
}
