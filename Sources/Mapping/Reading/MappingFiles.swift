import Glibc

/// Why a folder of mappings cannot be loaded.
package enum MappingFilesError: Error, Equatable, CustomStringConvertible {
  /// `operation` is the call that failed, `reason` the system's word for why.
  case unreadable(path: String, operation: String, reason: String)
  case tooMany(directory: String, limit: Int)
  case empty(directory: String)

  package var description: String {
    switch self {
    case .unreadable(let path, let operation, let reason):
      "cannot \(operation) \(path): \(reason); check that it is there and may be read"
    case .tooMany(let directory, let limit):
      "\(directory) has more than \(limit) YAML files; give a folder that holds mappings only"
    case .empty(let directory):
      "\(directory) holds no YAML file; give the folder that holds the mappings"
    }
  }

  /// The file or folder it is about.
  package var path: String {
    switch self {
    case .unreadable(let path, _, _): path
    case .tooMany(let directory, _), .empty(let directory): directory
    }
  }
}

/// Mapping files on disk.
package enum MappingFiles {
  /// Reads the YAML files of a folder and of `overlays` below it, sorted by name. Names that begin with a dot are left
  /// out, links are followed (a Kubernetes ConfigMap is made of both).
  package static func load(directory: String) throws(MappingFilesError) -> [MappingFile] {
    var files: [MappingFile] = []
    for name in try yamlNames(in: directory) {
      let path = "\(directory)/\(name)"
      files.append(MappingFile(name: name, path: path, text: try contents(of: path)))
    }
    if kind(of: "\(directory)/overlays") == S_IFDIR {
      for name in try yamlNames(in: "\(directory)/overlays") {
        let path = "\(directory)/overlays/\(name)"
        files.append(MappingFile(name: "overlays/\(name)", path: path, text: try contents(of: path)))
      }
    }
    if files.isEmpty { throw .empty(directory: directory) }
    if files.count > ReadingLimits.filesMax { throw .tooMany(directory: directory, limit: ReadingLimits.filesMax) }
    return files
  }

  /// The stock files and those of a folder: of two with the same name the folder's counts.
  package static func merged(_ stock: [MappingFile], _ directory: [MappingFile]) -> [MappingFile] {
    let replaced = Set(directory.map(\.name))
    return (stock.filter { !replaced.contains($0.name) } + directory).sorted { $0.name < $1.name }
  }

  private static func yamlNames(in directory: String) throws(MappingFilesError) -> [String] {
    guard let stream = unsafe opendir(directory) else { throw failure("open the folder", directory) }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else { break }
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      let isYAML = name.hasSuffix(".yaml") || name.hasSuffix(".yml")
      guard isYAML, !name.hasPrefix("."), kind(of: "\(directory)/\(name)") != S_IFDIR else { continue }
      guard names.count < ReadingLimits.filesMax else {
        throw .tooMany(directory: directory, limit: ReadingLimits.filesMax)
      }
      names.append(name)
    }
    guard errno == 0 else { throw failure("list the folder", directory) }
    return names.sorted()
  }

  /// The type bits of what a path leads to; nil if it leads nowhere.
  private static func kind(of path: String) -> mode_t? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  /// At most one byte more than a mapping file may have, so that the reader can tell that it is too large.
  private static func contents(of path: String) throws(MappingFilesError) -> [UInt8] {
    // Non-blocking: opening a pipe that happens to be called *.yaml would otherwise wait for its writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure("open", path) }
    defer { close(descriptor) }
    let limit = ReadingLimits.fileBytesMax + 1
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while text.count < limit {
      let count = unsafe read(descriptor, &chunk, min(chunk.count, limit - text.count))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("read", path) }
      if count == 0 { break }
      text += chunk[..<count]
    }
    return text
  }

  private static func failure(_ operation: String, _ path: String) -> MappingFilesError {
    let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
    return .unreadable(path: path, operation: operation, reason: reason)
  }
}
