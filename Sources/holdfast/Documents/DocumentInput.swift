internal import CommandSyntax
internal import FoundationEssentials
internal import Glibc
internal import WorkflowDSL

/// Reads the files that commands about documents are given.
enum DocumentInput {
  static let files = Operand<[String]>.repeated(
    .text("FILE", completion: .file), isOptional: true,
    "YAML or JSON files, folders of such files, or - for standard input")
  static let fileOption = Option<[String]>.repeated(
    "--filename", short: "-f", .text("FILE", completion: .file), "The same as FILE, as kubectl has it")

  /// No file of documents is larger than this.
  private static let limitBytes = 8 << 20
  /// How the names of files with documents end.
  static let endings = [".yaml", ".yml", ".json"]

  /// The files that a command line names, read.
  /// - Throws: `CommandFailure` if none is named, or one can't be read.
  static func read(_ arguments: ParsedArguments) throws -> [DocumentFile] {
    let paths = arguments[files] + arguments[fileOption]
    guard !paths.isEmpty else { throw CommandFailure(.usage, "no file is given; name one, or - for standard input") }
    return try paths.flatMap { try read($0) }
  }

  /// One file, a folder's files, or standard input.
  static func read(_ path: String) throws -> [DocumentFile] {
    if path == "-" { return [DocumentFile(text: try text(of: STDIN_FILENO, "standard input"), name: "-")] }
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw CommandFailure(.notFound, "can't read \(path): \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { return [try file(path)] }
    let names = ((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []).sorted()
    let found = names.filter { name in
      endings.contains { name.hasSuffix($0) } && !name.split(separator: "/").contains { $0.hasPrefix(".") }
    }
    guard !found.isEmpty else {
      throw CommandFailure(.notFound, "the folder \(path) holds no .yaml, .yml or .json file")
    }
    return try found.map { try file(path.hasSuffix("/") ? path + $0 : path + "/" + $0) }
  }

  private static func file(_ path: String) throws -> DocumentFile {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw CommandFailure(.notFound, "can't read \(path): \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    return DocumentFile(text: try text(of: descriptor, path), name: path)
  }

  private static func text(of descriptor: Int32, _ name: String) throws -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw CommandFailure(.failed, "can't read \(name): \(String(cString: strerror(errno)))") }
      guard count > 0 else { break }
      bytes += buffer[..<count]
      guard bytes.count <= limitBytes else {
        throw CommandFailure(.failed, "\(name) is larger than \(limitBytes >> 20) MiB, which no file of documents is")
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure(.failed, "\(name) is not UTF-8 text; save it as UTF-8")
    }
    return text
  }
}
