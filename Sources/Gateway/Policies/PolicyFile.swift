import Mapping
import Sampling

/// The policy file, read.
struct PolicyFile: Sendable {
  /// Nil if anything is wrong with it.
  var policy: SamplingPolicy?
  /// As it stands there.
  var document: JSONValue = [:]
  /// How it looked just before it was read.
  var signature: FolderSignature
  /// What is wrong, a line each: place, what, and what to do.
  var errors: [String]

  static func load(path: String) -> PolicyFile {
    let signature = FolderSignature(files: [path])
    do throws(FileBytes.Failure) {
      var reader = PolicyReader(path: path)
      let policy = reader.read(try FileBytes.read(path, bytesMax: ReadingLimits.fileBytesMax))
      return PolicyFile(policy: policy, document: reader.document, signature: signature, errors: reader.errors)
    } catch {
      return PolicyFile(policy: nil, signature: signature, errors: ["\(error) (policy.path)"])
    }
  }
}

extension SamplingPolicy {
  /// What it does, for a person.
  var summary: String {
    switch target {
    case .everything: "everything is kept"
    case .rates: "fixed rates, version \(version)"
    case .budget(let budget): "\(Int(budget.eventsPerMinute.rounded())) events a minute, version \(version)"
    }
  }
}
