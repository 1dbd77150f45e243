// Glibc declares `environ` as a plain variable; nobody here writes to it.
@unsafe @preconcurrency import Glibc

/// The environment variables this process was started with.
package enum ProcessEnvironment {
  package static var variables: [String: String] {
    var found = [String: String]()
    var next = unsafe environ
    while let entry = unsafe next.pointee {
      let line = unsafe String(cString: entry)
      if let equals = line.firstIndex(of: "=") {
        found[String(line[..<equals])] = String(line[line.index(after: equals)...])
      }
      unsafe next += 1
    }
    return found
  }
}
