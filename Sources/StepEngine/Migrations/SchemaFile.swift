internal import PostgresClient
internal import SQLFiles

/// A file of `sql/`, as this binary carries it.
struct SchemaFile: Sendable, Equatable {
  /// The path below `sql/`: `functions/submit.sql`.
  let path: String
  let text: String

  /// The number of a migration: 7 for `migrations/007-lane.sql`; nil for other files.
  var version: Int? {
    guard path.hasPrefix("migrations/") else { return nil }
    return path.dropFirst("migrations/".count).split(separator: "-").first.flatMap { Int($0) }
  }

  /// The file's name without folder and ending, which is the name of the object that it defines.
  var object: String {
    let name = path.split(separator: "/").last ?? ""
    return String(name.split(separator: ".").first ?? name)
  }

  /// Runs its statements.
  func run(on connection: PostgresConnection) async throws(PostgresError) {
    do { try await connection.execute(text) } catch {
      var error = error
      error.what = "apply sql/\(path)"
      throw error
    }
  }

  /// All files of a folder, by name.
  static func all(in folder: String) -> [SchemaFile] {
    embeddedText.filter { $0.path.hasPrefix(folder + "/") }.map { SchemaFile(path: $0.path, text: $0.text) }
  }
}
