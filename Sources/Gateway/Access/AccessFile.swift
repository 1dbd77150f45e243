import Mapping

/// The access file, read.
struct AccessFile: Sendable {
  /// Nil if anything is wrong with it.
  var access: Access?
  /// The file itself and those that it names.
  var files: [String]
  /// How each of them looked just before it was read.
  var signature: FolderSignature
  /// What is wrong, a line each: place, what, and what to do. Never what stands in the file where a secret may stand.
  var errors: [String]

  /// Reads a file and what it names.
  static func load(
    path: String, environment: [String: String] = ProcessEnvironment.variables
  ) async -> AccessFile {
    let signature = FolderSignature(files: [path])
    let text: [UInt8]
    do throws(FileBytes.Failure) {
      text = try FileBytes.read(path, bytesMax: ReadingLimits.fileBytesMax)
    } catch {
      return AccessFile(access: nil, files: [path], signature: signature, errors: ["\(error) (access.path)"])
    }
    var reader = AccessReader(path: path, signature: signature, environment: environment)
    let access = await reader.read(text)
    return AccessFile(access: access, files: reader.files, signature: reader.signature, errors: reader.errors)
  }
}
