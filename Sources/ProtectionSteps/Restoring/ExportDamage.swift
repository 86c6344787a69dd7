import ObjectStores
import ResticRepository
import Restore
import StepEngine

/// What shows that an export itself is bad: damaged, incomplete or gone. No want of the place that it is restored to.
struct ExportDamage: Error, Equatable {
  /// Whether trying again can help: the repository may be mended.
  let canHeal: Bool
  /// One sentence.
  let message: String

  init(canHeal: Bool = true, _ message: String) {
    self.canHeal = canHeal
    self.message = message
  }

  /// Nil if the error says nothing about the export.
  /// - Parameter title: what the volume is called in messages.
  init?(_ error: any Error, of title: String) {
    switch error {
    case let damage as ExportDamage: self = damage
    case let error as RepositoryError where error.showsDamage: self.init("\(title): \(error.message)")
    case let error as RestoreError where error.kind == .notFound: self.init("\(title): \(error.message)")
    default: return nil
    }
  }

  /// What it means for a step that can't do without the export.
  var failure: StepFailure { StepFailure(canHeal ? .retryable : .permanent, message) }
}

extension RepositoryError {
  /// Whether what was stored is damaged or gone, and not only out of reach.
  fileprivate var showsDamage: Bool {
    switch kind {
    case .corrupt, .notFound, .store(.notFound), .store(.truncated), .store(.corrupt): true
    default: false
    }
  }
}

extension RestoreProblem {
  /// Whether what was stored is at fault; otherwise the place that it came to, or our rights there. What was written is checked
  /// before: if it reads back otherwise, that is the place's fault, too.
  var showsDamage: Bool {
    switch kind {
    case .folder, .content, .name: isLoss
    case .verification, .obstacle, .writing, .owner, .attribute, .metadata, .device, .unsupported: false
    }
  }
}
