import Mapping

/// The version people see: `hoglet --version`, metrics, `$lib_version`.
package enum GatewayVersion {
  package static var current: String { "\(Mapper.version)" }
}
