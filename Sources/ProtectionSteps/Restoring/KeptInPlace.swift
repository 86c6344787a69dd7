import FileSystem
import JSON
import StepEngine
import VolumeDrivers

extension Volume {
  /// What the application's document excludes now, as choose-point puts it out; `excludes` is what it excluded when the point was
  /// exported.
  var presentExcludes: [String] { (json["presentExclude"]?.array ?? []).compactMap(\.string) }

  /// What a restore from a snapshot in place leaves as it is: what the export left out, and what backups leave out now. Nil if that
  /// is nothing.
  /// - Throws: `StepFailure` for a pattern that is none.
  func keptInPlace() throws(StepFailure) -> PathTest? {
    var kept: [PathPatterns] = []
    for texts in [excludes, presentExcludes] where !texts.isEmpty {
      kept.append(try ExportSource.patterns(texts, of: self))
    }
    guard !kept.isEmpty else { return nil }
    // Patterns see paths as they are in the repository.
    let root = ExportSource.path(of: source, isImage: false).map { Array($0.utf8) }
    return { [kept] path in kept.contains { $0.matches(root + path) } }
  }
}
