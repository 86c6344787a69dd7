internal import CommandSyntax
internal import PostgresClient
internal import WorkflowDSL

/// Names that the shell offers, from the database if that answers at once.
extension CompletionHint {
  /// What names a run.
  static var runs: CompletionHint {
    .names { arguments in
      ["latest"] + (await arguments.names(RunReference.names))
        + (await arguments.names("select run_id::text from holdfast.run_status order by run_id desc limit 10"))
    }
  }

  /// The steps of the run that stands before.
  static var steps: CompletionHint {
    .names { arguments in
      guard let run = arguments.given(RunReference.operand), let url = try? arguments.databaseURL(),
        let database = try? PostgresConfiguration(url),
        let found = try? await run.find(StatusReader(pool: PostgresPool(database, size: 1, patience: .seconds(1))))
      else { return [] }
      return await arguments.names("select name from holdfast.step_status where run_id = \(found.id) order by step_id")
    }
  }

  /// The policies with a schedule.
  static var policies: CompletionHint {
    .names { await $0.names("select policy from holdfast.schedule_status order by 1") }
  }

  /// The workflows of the last runs.
  static var workflows: CompletionHint {
    .names {
      await $0.names(
        "select distinct workflow from (select workflow from holdfast.run_status order by run_id desc limit 1000) r")
    }
  }

  /// The named limits.
  static var limits: CompletionHint {
    .names { await $0.names(#"select "limit" from holdfast.limit_usage order by 1"#) }
  }

  /// Files, and the workflows that are in force.
  static var workflowsAndFiles: CompletionHint {
    .namesAndFiles {
      builtInDocuments.map(\.name.value)
        + (await $0.names("select name from holdfast.document_status where kind = 'workflow' order by 1"))
    }
  }

  /// Kinds of documents, and the documents that are in force as KIND/NAME.
  static var kindsAndDocuments: CompletionHint {
    .names {
      DocumentKind.allCases.map(\.noun) + builtInDocuments.map { "\($0.reference)" }
        + (await $0.names("select kind || '/' || name from holdfast.document_status order by 1"))
    }
  }

  /// The names of the documents that are in force.
  static var documents: CompletionHint {
    .names {
      builtInDocuments.map(\.name.value)
        + (await $0.names("select distinct name from holdfast.document_status order by 1"))
    }
  }

  /// Applications that have restore points.
  static var applications: CompletionHint {
    .names { await $0.names("select distinct application from holdfast.restore_points order by 1") }
  }

  /// The newest restore points.
  static var points: CompletionHint {
    .names {
      await $0.names(
        """
        select name from holdfast.restore_points where state = 'complete' order by created_at desc, point_id desc limit 20
        """)
    }
  }

  /// The queues, and the policies: what can be paused.
  static var pausable: CompletionHint {
    .names {
      await $0.names(
        """
        select queue from holdfast.queue_depth union select policy from holdfast.queue_depth where policy is not null
        union select policy from holdfast.schedule_status order by 1
        """)
    }
  }
}

extension ParsedArguments {
  /// What a statement gives within a moment; nothing if it fails, since this is asked for between two keys.
  fileprivate func names(_ sql: String) async -> [String] {
    guard let url = try? databaseURL(), let database = try? PostgresConfiguration(url) else { return [] }
    let deadline = ContinuousClock.now + .seconds(1)
    let pool = PostgresPool(database, size: 1)
    let rows = try? await pool.withConnection(until: deadline) { try await $0.query(sql, until: deadline) }
    return rows?.compactMap { try? $0.string(0) } ?? []
  }
}
