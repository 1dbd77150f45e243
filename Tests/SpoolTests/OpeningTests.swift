import Bytes
import Glibc
import Testing

@testable import Spool

@Suite(.timeLimit(.minutes(5))) struct OpeningTests {
  @Test func `a second opener is told that the spool is in use`() throws {
    let rig = try Rig()
    #expect(throws: SpoolError.locked(path: rig.directory.spool, process: getpid())) {
      try Rig(in: rig.directory)
    }
    #expect(try rig.append([1]).sequence == 1)
    rig.spool.close()
    #expect(try Rig(in: rig.directory).append([1]).sequence == 2)
  }

  @Test(arguments: [(4711, "in use by process 4711;"), (nil, "in use by another process;")])
  func `whoever finds the spool in use is told by whom`(_ process: Int32?, _ words: String) {
    #expect("\(SpoolError.locked(path: "/spool", process: process))".contains(words))
  }

  @Test func `nobody else may read the directory or its files`() throws {
    let directory = TemporaryDirectory()
    unsafe mkdir(directory.spool, 0o755)
    let rig = try Rig(in: directory)
    #expect(try mode(directory.spool) == 0o700)
    for name in ["data.mdb", "lock.mdb", "spool.lock"] { #expect(try mode("\(directory.spool)/\(name)") == 0o600) }
    rig.spool.close()
  }

  private func mode(_ path: String) throws -> mode_t {
    var found = Glibc.stat()
    try #require(unsafe stat(path, &found) == 0)
    return found.st_mode & 0o777
  }

  @Test(arguments: ["/proc/none/spool", "/dev/null"])
  func `a place where no spool can be is told with its reason`(_ path: String) {
    let error = #expect(throws: SpoolError.self) {
      try LMDBSpool.open(path: path, settings: .small, listener: Outcomes())
    }
    #expect(error?.description.contains(path) == true)
  }

  @Test func `a store of a later version is left alone`() throws {
    let rig = try Rig()
    _ = try rig.append([1])
    rig.spool.close()
    try Raw.edit(rig.directory.spool) { transaction throws(StoreFailure) in
      var out = ByteBuffer()
      out.appendLittleEndian(LaneTable.formatVersion + 1)
      out.appendLittleEndian(UInt32(2))
      try out.withSpan { span throws(StoreFailure) in
        try SealedValue.put(span, in: .meta, StoreKey(lane: LaneID(0)), transaction)
      }
    }
    let error = #expect(throws: SpoolError.self) { try rig.restart() }
    #expect(error?.description.contains("later version") == true)
  }

  @Test func `who has the spool is told by the lock, not by the number that a killed process left`() throws {
    let rig = try Rig()
    _ = try rig.append([1])
    #expect(try SpoolInspection(path: rig.directory.spool).overview().process == getpid())
    rig.spool.close()
    let file = unsafe open(rig.directory.spool + "/spool.lock", O_WRONLY)
    // Process 1 always lives.
    unsafe #expect(write(file, "1\n", 2) == 2)
    close(file)
    #expect(try SpoolInspection(path: rig.directory.spool).overview().process == nil)
    try rig.restart()
  }
}

/// Changes a closed store behind the spool's back.
enum Raw {
  static func edit(
    _ path: String, _ body: (borrowing Transaction) throws(StoreFailure) -> Void
  ) throws {
    let environment = try OpenedStore.openEnvironment(path, .small)
    let transaction = try environment.begin(reading: false)
    try body(transaction)
    try transaction.commit()
  }
}
