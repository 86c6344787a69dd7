extension Function {
  /// Paths with slashes. They are texts here: nothing is looked up.
  static let sprigPaths: [Function] =
    plain
    + plain.map { function in
      function.named("os" + function.name.prefix(1).uppercased() + function.name.dropFirst())
    }

  private static let plain: [Function] = [
    Function("base", .string) { .string(basePath($0.string(0))) },
    Function("dir", .string) { .string(directoryPath($0.string(0))) },
    Function("clean", .string) { .string(cleanPath($0.string(0))) },
    Function("ext", .string) { .string(pathExtension($0.string(0))) },
    Function("isAbs", .string) { .bool($0.string(0).utf8.first == slash) },
  ]
}

private let slash = UInt8(ascii: "/")

/// The last part without slashes at its end.
private func basePath(_ path: String) -> String {
  if path.isEmpty { return "." }
  guard let last = path.utf8.split(separator: slash).last else { return "/" }
  return String(decoding: Array(last), as: UTF8.self)
}

/// Everything before the last slash.
private func directoryPath(_ path: String) -> String {
  let bytes = Array(path.utf8)
  let end = bytes.lastIndex(of: slash).map { $0 + 1 } ?? 0
  return cleanPath(cut(path, from: 0, to: end))
}

/// The shortest path of the same meaning.
private func cleanPath(_ path: String) -> String {
  let isAbsolute = path.utf8.first == slash
  var kept: [Substring.UTF8View.SubSequence] = []
  for part in path.utf8.split(separator: slash) where !part.elementsEqual(".".utf8) {
    if !part.elementsEqual("..".utf8) {
      kept.append(part)
    } else if let last = kept.last, !last.elementsEqual("..".utf8) {
      kept.removeLast()
    } else if !isAbsolute {
      kept.append(part)
    }
  }
  let text = kept.map { String(decoding: Array($0), as: UTF8.self) }.joined(separator: "/")
  return isAbsolute ? "/" + text : text.isEmpty ? "." : text
}

/// From the last dot of the last part on.
private func pathExtension(_ path: String) -> String {
  let bytes = Array(path.utf8)
  guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), !bytes[dot...].contains(slash) else { return "" }
  return String(decoding: bytes[dot...], as: UTF8.self)
}
