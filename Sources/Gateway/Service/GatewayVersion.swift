/// The version people see: `hoglet --version`, metrics, `$lib_version`.
package enum GatewayVersion {
  package static let current = "0.1.0"
}
