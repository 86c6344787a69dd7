import Foundation
import PackagePlugin

/// Turns the `.sql` and `.yaml` files of a target into one Swift file of string literals.
///
/// SwiftPM's own `.embedInCode` writes arrays of bytes, which cost minutes to compile; literals cost nothing.
@main
struct EmbedText: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    guard let target = target as? any SourceModuleTarget else { return [] }
    // Its files are looked for below the folder itself, also where a link leads there.
    let folder = target.directoryURL.resolvingSymlinksInPath()
    // Not all that lies there: a target may exclude files.
    let files = target.sourceFiles.map { $0.url.resolvingSymlinksInPath() }
      .filter { ["sql", "yaml"].contains($0.pathExtension) }
      .sorted { $0.path < $1.path }
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
