import Foundation
import PackagePlugin

/// Turns the `.sql` and `.yaml` files of a target into one Swift file of string literals.
///
/// SwiftPM's own `.embedInCode` writes arrays of bytes, which cost minutes to compile; literals cost nothing.
@main
struct EmbedText: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    guard let target = target as? any SourceModuleTarget else { return [] }
    let folder = target.directoryURL
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".sql") || $0.hasSuffix(".yaml") }
      .sorted()
      .map { folder.appending(path: $0) }
    let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedText.swift")
    return [
      .buildCommand(
        displayName: "Embedding \(files.count) text files of \(target.name)",
        executable: try context.tool(named: "embed-text").url,
        arguments: [output.path, folder.path] + files.map(\.path),
        inputFiles: files,
        outputFiles: [output])
    ]
  }
}
