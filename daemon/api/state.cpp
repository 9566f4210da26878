// What this node sees: the ring, the members, itself.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "daemon/api/reads.hpp"
#include "daemon/base/text.hpp"
#include "proto/http/message.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

constexpr std::array statuses{ringpop::Status::alive, ringpop::Status::suspect, ringpop::Status::faulty,
                              ringpop::Status::leave, ringpop::Status::tombstone};

Json labels_json(const ringpop::Labels::List& labels) {
  Json json = Json::object();
  for (const auto& [key, value] : labels) json[key] = value;
  return json;
}

Json member_json(const View& view, const MemberView& member) {
  Json json;
  json["name"] = member.name;
  json["address"] = member.address;
  json["status"] = to_string(shown_status(member));
  json["app"] = to_string(member.app);
  json["incarnation"] = member.incarnation;
  const auto server = server_at(*view.ring, member.address);
  json["in_ring"] = server.has_value();
  json["damped"] = member.damped;
  const auto measured = view.measured.find(member.address);
  json["damp_score"] = damp_score(view, member.address);
  if (measured != view.measured.end() && measured->second.rtt)
    json["rtt"] = print_measured(*measured->second.rtt);
  json["weight"] = member.weight;
  json["share"] = server ? view.ring->share_ppm(*server) / 1e6 : 0.0;
  json["self"] = member.self;
  json["kind"] = to_string(member.kind);
  if (!member.version.empty()) json["ringside_version"] = member.version;
  json["labels"] = labels_json(member.labels);
  return json;
}

// ?status=alive&status=suspect: any of them; ?label=zone==eu&label=tier!=gold: all of them.
struct Filter {
  struct LabelTest {
    std::string key, value;
    bool equal;
  };
  std::vector<std::string_view> status;
  std::vector<LabelTest> labels;

  [[nodiscard]] bool takes(const MemberView& member) const {
    if (!status.empty() && std::ranges::find(status, to_string(shown_status(member))) == status.end())
      return false;
    return std::ranges::all_of(labels, [&](const LabelTest& test) {
      return test.equal == std::ranges::any_of(member.labels, [&](const auto& label) {
               return label.first == test.key && label.second == test.value;
             });
    });
  }
};

Result<Filter, std::string> parse_filter(const Query& query) {
  Filter filter;
  for (const std::string_view status : query.all("status")) {
    if (std::ranges::none_of(statuses, [&](ringpop::Status s) { return to_string(s) == status; }))
      return "status is one of alive, suspect, faulty, leave, tombstone, not '" + std::string(status) + "'";
    filter.status.push_back(status);
  }
  for (const std::string_view label : query.all("label")) {
    const auto op = std::min(label.find("=="), label.find("!="));
    if (op == std::string_view::npos || op == 0)
      return "label is written name==value or name!=value, not '" + std::string(label) + "'";
    filter.labels.push_back(
        {std::string(label.substr(0, op)), std::string(label.substr(op + 2)), label[op] == '='});
  }
  return filter;
}

Json counts_json(const View& view) {
  Json counts = Json::object();
  for (const ringpop::Status status : statuses)
    counts[std::string(to_string(status))] =
        std::ranges::count_if(view.members, [&](const MemberView& m) { return shown_status(m) == status; });
  return counts;
}

std::string_view protocol_name(config::AppProtocol protocol) {
  switch (protocol) {
    case config::AppProtocol::http1: return "http1";
    case config::AppProtocol::tchannel: return "tchannel";
    case config::AppProtocol::h2c: return "h2c";
  }
  return "";
}

Json app_json(const View& view) {
  Json json;
  json["address"] = view.app_settings.address.empty() ? Json() : Json(view.app_settings.address);
  json["state"] = to_string(view.app.state);
  if (view.app.state != AppState::none) json["since"] = rfc3339(view.app.since);
  if (!view.app.reason.empty()) json["reason"] = view.app.reason;
  return json;
}

}  // namespace

std::string_view to_string(AppState state) noexcept {
  switch (state) {
    case AppState::none: return "none";
    case AppState::starting: return "starting";
    case AppState::up: return "up";
    case AppState::restarting: return "restarting";
    case AppState::down: return "down";
  }
  return "";
}

std::string_view to_string(MemberApp app) noexcept {
  switch (app) {
    case MemberApp::unknown: return "unknown";
    case MemberApp::up: return "up";
    case MemberApp::down: return "down";
    case MemberApp::none: return "none";
  }
  return "";
}

ringpop::Status shown_status(const MemberView& member) noexcept {
  const bool lives = member.app != MemberApp::unknown && !member.silent;
  return member.status == ringpop::Status::leave && lives ? ringpop::Status::alive : member.status;
}

const MemberView* ringpop_member(const View& view) noexcept {
  const auto found = std::ranges::find_if(view.members, [](const MemberView& member) {
    const bool in_ring = member.status == ringpop::Status::alive || member.status == ringpop::Status::suspect;
    return in_ring && is_ringpop(member.kind);
  });
  return found == view.members.end() ? nullptr : &*found;
}

PeerKind kind_of(const View& view, std::string_view address) noexcept {
  const auto it = std::ranges::lower_bound(view.members, address, {}, &MemberView::address);
  return it == view.members.end() || it->address != address ? PeerKind::unknown : it->kind;
}

Response ring_page(const Call& call) {
  const View& view = call.context.view;
  const ring::Snapshot& ring = *view.ring;
  Json members = Json::array();
  for (std::uint32_t i = 0; i < ring.servers().size(); ++i) {
    const ring::Server& server = ring.servers()[i];
    members.push_back({{"name", server.name},
                       {"address", server.address},
                       {"weight", server.weight},
                       {"share", ring.share_ppm(MemberId{i}) / 1e6}});
  }
  Json body;
  body["version"] = ring.version();
  body["checksum"] = hex32(ring.checksum());
  body["hash"] = "farmhash-fingerprint32";
  body["identity"] = view.identity;
  body["points"] = view.points;
  body["members"] = std::move(members);
  if (call.query.flag("points")) {
    body["replica_checksum"] = hex32(ring.replica_checksum());
    Json points = Json::array();
    for (const auto& point : ring.points())
      points.push_back({{"hash", hex32(point.hash)}, {"member", ring.server(point.server).name}});
    body["point_list"] = std::move(points);
  }
  return json_answer(call.context, dump(body));
}

Response members_page(const Call& call) {
  const View& view = call.context.view;
  const auto filter = parse_filter(call.query);
  if (!filter) return problem(Code::bad_request, filter.error());
  Json members = Json::array();
  for (const MemberView& member : view.members)
    if (filter->takes(member)) members.push_back(member_json(view, member));
  Json body;
  body["version"] = view.index;
  body["checksum"] = hex32(view.membership_checksum);
  body["members"] = std::move(members);
  return json_answer(call.context, dump(body));
}

// A name may stand twice while its member moves to another address: the one that is in the ring comes first.
Result<const MemberView*, Response> member_in_path(const View& view, std::string_view raw) {
  const auto name = http::percent_decode(raw);
  if (!name) return problem(Code::bad_request, "in the path, a % stands without two hex digits");
  const MemberView* found = find_member(view, *name);
  if (found == nullptr) return problem(Code::unknown_node, "no member is called '" + *name + "'");
  return found;
}

Response member_page(const Call& call) {
  const auto found = member_in_path(call.context.view, call.rest);
  if (!found) return found.error();
  return json_answer(call.context, dump(member_json(call.context.view, **found)));
}

Response self_page(const Call& call) {
  const View& view = call.context.view;
  Json body;
  body["name"] = view.name;
  body["address"] = view.address;
  body["cluster"] = view.cluster;
  if (const MemberView* self = member_at(view, view.address)) {
    body["weight"] = self->weight;
    body["labels"] = labels_json(self->labels);
  }
  body["phase"] = phase_name(view.phase);
  if (!view.phase_reason.empty()) body["reason"] = view.phase_reason;
  Json warnings = Json::array();
  for (const Warning& warning : view.warnings)
    warnings.push_back({{"code", warning.code}, {"detail", warning.detail}});
  body["warnings"] = std::move(warnings);
  body["ringside_version"] = RINGSIDE_VERSION;
  body["boot_id"] = view.boot_id;
  body["pid"] = view.pid;
  body["started"] = rfc3339(view.started);
  body["uptime"] = print_duration(std::max(Millis{0}, call.context.now - view.started));
  body["identity"] = view.identity;
  body["ring"] = {{"version", view.ring->version()},
                  {"checksum", hex32(view.ring->checksum())},
                  {"members", view.ring->servers().size()},
                  {"points", view.points}};
  body["membership"] = {{"checksum", hex32(view.membership_checksum)}, {"by_status", counts_json(view)}};
  body["local_health"] = {{"score", view.local_health}, {"max", view.local_health_max}};
  if (view.settings) {
    body["config_digest"] = view.settings->digest;
    Json features = Json::object();
    for (const auto& [name, how] : view.settings->features) features[name] = how;
    body["features"] = std::move(features);
  }
  body["app"] = app_json(view);
  body["api_listeners"] = view.api_listeners;
  return json_answer(call.context, dump(body));
}

Response app_page(const Call& call) {
  const View& view = call.context.view;
  Json body = app_json(view);
  if (const auto id = app_id_of(view); !id.empty()) body["id"] = id;
  body["protocol"] = protocol_name(view.app_settings.protocol);
  body["in_ring"] = server_at(*view.ring, view.address).has_value();
  body["grace"] = print_duration(view.app_settings.grace);
  const auto& health = view.app_settings.health;
  body["health"] = {{"path", health.path},
                    {"interval", print_duration(health.interval)},
                    {"timeout", print_duration(health.timeout)},
                    {"fail", health.fail},
                    {"pass", health.pass},
                    {"required", health.required}};
  return json_answer(call.context, dump(body));
}

}  // namespace ringside::api
