import Console
import Transport

/// The policy API on the admin listener (docs/openapi.yaml).
struct PolicyAPI: AdminAPI {
  let service: PolicyService

  func serves(_ path: String) -> Bool { path.hasPrefix(PolicyRoute.prefix) }

  func begin(_ head: RequestHead) -> Begin {
    switch route(head) {
    case .success(let route): .accept(bodyLimit: route.bodyBytesMax)
    case .failure(let refusal): .respond(refusal.response)
    }
  }

  private func route(_ head: RequestHead) -> Result<PolicyRoute, PolicyRefusal> {
    guard let route = PolicyRoute(path: head.path) else {
      return .failure(PolicyRefusal(404, "nothing here; docs/openapi.yaml says what is served"))
    }
    guard route.methods.contains(head.method) else {
      let allowed = route.methods.joined(separator: ", ")
      return .failure(PolicyRefusal(405, "here is served \(allowed)", allow: allowed))
    }
    if let encoding = head.contentEncoding, encoding.lowercased() != "identity" {
      return .failure(PolicyRefusal(415, "send the body as it is, without Content-Encoding"))
    }
    return .success(route)
  }

  func complete(_ head: RequestHead, body: [UInt8], reply: Reply) {
    // The event loop has other things to do than to wait for a disk.
    Task { reply.send(await respond(head, body)) }
  }

  func respond(_ head: RequestHead, _ body: [UInt8]) async -> Response {
    switch route(head) {
    case .success(let route): await answer(route, head, body)
    case .failure(let refusal): refusal.response
    }
  }

  private func answer(_ route: PolicyRoute, _ head: RequestHead, _ body: [UInt8]) async -> Response {
    do throws(PolicyRefusal) {
      let query = try PolicyQuery(head.query)
      switch route {
      case .active where head.method == "PUT":
        return try await service.put(try query.service(), body, ifMatch: head.ifMatch)
      case .active: return try await service.active(try query.service(), ifNoneMatch: head.ifNoneMatch)
      case .policy(let name): return try await service.active(name, ifNoneMatch: head.ifNoneMatch)
      case .history(let name): return try await service.history(name, limit: try query.number("limit", 1...50) ?? 10)
      case .generate: return try await service.generate(try object(body))
      case .activate(let id): return try await service.activate(id, ifMatch: head.ifMatch)
      case .rollBack(let id): return try await service.rollBack(id)
      case .report: return try await service.report(try object(body))
      case .services where head.method == "POST": return try await service.addService(try object(body))
      case .services: return try await service.services(limit: try query.number("limit", 1...1_000) ?? 1_000)
      case .patterns(let name):
        return try await service.patterns(name, limit: try query.number("limit", 1...1_000) ?? 50)
      case .samplingStats(let name):
        return try await service.samplingStats(name, days: try query.number("days", 1...30) ?? 7)
      case .anomalies: return await service.anomalies(limit: try query.number("limit", 1...1_000) ?? 100)
      case .costSavings(let name): return try await service.costSavings(name)
      }
    } catch {
      return error.response
    }
  }

  private func object(_ body: [UInt8]) throws(PolicyRefusal) -> JSONValue {
    let value: JSONValue
    do { value = try JSONValue(body) } catch { throw PolicyRefusal(400, "the body is not JSON: \(error)") }
    guard value.members != nil else { throw PolicyRefusal(422, "the body is \(value.kindName), not an object") }
    return value
  }
}
