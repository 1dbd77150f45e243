/// A spool's directory, locked, and its environment with the lanes read: what opening yields.
struct OpenedStore {
  let path: String
  let environment: Environment
  let lanes: LaneTable
  let status: SpoolStatus
  /// What the requests of each key take up.
  let stored: [KeyBytes]
  /// What was done about a damaged file.
  let repair: SpoolRepair?

  init(_ path: String, _ settings: SpoolSettings) throws(SpoolError) {
    self.path = path
    let lock = try DirectoryLock(path)
    repair = try Rebuild.runIfNeeded(path, lock, mapBytes: settings.bytesMax + settings.slackBytes)
    environment = try Self.openCompacted(path, settings, lock)
    do throws(StoreFailure) {
      let transaction = try environment.begin(reading: false)
      var lanes = try LaneTable(transaction, lanesMax: settings.lanesMax)
      if repair != nil { try lanes.mend(transaction) }
      try lanes.store(transaction)
      try transaction.commit()
      stored = lanes.bytesToTell()
      self.lanes = lanes
      var status = SpoolStatus()
      status.bytesMax = settings.bytesMax
      status.quarantined = lanes.damaged
      try status.count(environment)
      self.status = status
    } catch {
      throw .unusable(path: path, reason: error.description)
    }
  }

  /// Opens the environment, compacting it first if that is due. A compaction that fails changes nothing.
  private static func openCompacted(
    _ path: String, _ settings: SpoolSettings, _ lock: DirectoryLock
  ) throws(SpoolError) -> Environment {
    if let untouched = try compactIfDue(openEnvironment(path, settings, lock), path, settings) { return untouched }
    return try openEnvironment(path, settings, lock)
  }

  /// The environment if it was left alone; nil if it was compacted and closed.
  private static func compactIfDue(
    _ environment: consuming Environment, _ path: String, _ settings: SpoolSettings
  ) -> Environment? {
    do throws(StoreFailure) {
      let used = try environment.begin(reading: true).bytesUsed()
      guard Compaction.isDue(fileBytes: environment.fileBytes(), bytesUsed: used, settings) else { return environment }
      try Compaction.run(environment, path: path)
      return nil
    } catch {
      return environment
    }
  }

  static func openEnvironment(_ path: String, _ settings: SpoolSettings) throws(SpoolError) -> Environment {
    try openEnvironment(path, settings, DirectoryLock(path))
  }

  static func openEnvironment(
    _ path: String, _ settings: SpoolSettings, _ lock: DirectoryLock
  ) throws(SpoolError) -> Environment {
    do throws(StoreFailure) {
      let mapBytes = settings.bytesMax + settings.slackBytes
      let environment = try Environment(directory: path, lock: lock, mapBytes: mapBytes)
      DirectoryLock.sync(path)
      return environment
    } catch {
      throw .unusable(path: path, reason: error.description)
    }
  }
}

extension SpoolStatus {
  /// Takes what the store says of itself.
  mutating func count(_ environment: Environment) throws(StoreFailure) {
    let transaction = try environment.begin(reading: true)
    bytesUsed = try transaction.bytesUsed()
    requests = try transaction.count(.requests)
    deadLetters = try transaction.count(.dead)
  }
}
