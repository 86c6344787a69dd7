internal import CommandSyntax
internal import ObjectStores

extension ParsedArguments {
  /// The store that holds the repository, as the options, or the environment, name it.
  /// - Parameter report: told each time a request failed and is made again.
  func store(report: @escaping @Sendable (String) -> Void) async throws -> any ObjectStore {
    var options = StoreOptions()
    options.connections = self[RepositoryOptions.connections]
    options.caFile = self[RepositoryOptions.caFile]
    options.clientCertificate = self[RepositoryOptions.clientCertificate]
    options.uploadLimit = self[RepositoryOptions.limitUpload]
    options.downloadLimit = self[RepositoryOptions.limitDownload]
    options.retryLimit = self[RepositoryOptions.retryLimit]
    options.report = report
    options.s3.region = self[RepositoryOptions.region]
    options.s3.addressing = self[RepositoryOptions.addressing]
    options.s3.profile = self[RepositoryOptions.profile]
    options.s3.storageClass = self[RepositoryOptions.storageClass]
    options.s3.retention = self[RepositoryOptions.retention]
    return try openStore(try await repositoryPlace(), options: options)
  }

  /// What the user calls the repository's place: the option, or what the file holds. May hold a password.
  func repositoryPlace() async throws -> String {
    let place = self[RepositoryOptions.place]
    guard let file = self[RepositoryOptions.placeFile] else {
      if let place { return place }
      throw CommandFailure(
        .usage, "no repository is named; give --repo PLACE, or set HOLDFAST_REPOSITORY or RESTIC_REPOSITORY")
    }
    let ranks = (
      variableRank(variable(of: RepositoryOptions.place)), variableRank(variable(of: RepositoryOptions.placeFile))
    )
    if let place {
      if ranks.0 == ranks.1 {
        throw CommandFailure(.usage, "the repository is named twice, by --repo and by --repository-file; leave one out")
      }
      if ranks.0 < ranks.1 { return place }
    }
    let text = String(
      decoding: try await readSmallFile(file, "file with the repository's place").trimmed, as: UTF8.self)
    guard !text.isEmpty, !text.contains("\n") else {
      throw CommandFailure(.failed, "the file with the repository's place, \(file), has to hold one line: the place")
    }
    return text
  }
}

/// What is said on the command line counts first, then Holdfast's variables, then restic's.
func variableRank(_ variable: String?) -> Int {
  guard let variable else { return 0 }
  return variable.hasPrefix("HOLDFAST_") ? 1 : 2
}
