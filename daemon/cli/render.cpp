#include "daemon/cli/render.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  return text;
}

// Characters, not bytes: what follows the first byte of a UTF-8 sequence takes no column.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string percent(const Json& share) {
  const long tenths = std::lround(share.get<double>() * 1000);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "%";
}

std::string text(const Json& json, const char* name) {
  return json.at(name).get<std::string>();
}
std::string number(const Json& json, const char* name) {
  return std::to_string(json.at(name).get<std::int64_t>());
}

std::string labels(const Json& json) {
  std::string out;
  for (const auto& [key, value] : json.at("labels").items())
    out += (out.empty() ? "" : ",") + key + "=" + value.get<std::string>();
  return out;
}

// A part that is not always there.
std::string text_or(const Json& json, const char* name, const char* otherwise) {
  return json.contains(name) ? text(json, name) : otherwise;
}

struct Column {
  const char* title;
  std::string (*of)(const Json& member);
  enum class Shown { always, mixed, wide } shown = Shown::always;
};
// Among ringsides the kind says nothing: its column is for clusters with Ringpop nodes.
constexpr std::array member_columns{
    Column{"NAME", [](const Json& member) { return text(member, "name"); }},
    Column{
        "STATUS",
        [](const Json& member) { return member.value("damped", false) ? "damped" : text(member, "status"); }},
    Column{"APP",
           [](const Json& member) {
             const std::string app = text(member, "app");
             return app == "unknown" ? "-" : app;
           }},
    Column{"ADDRESS", [](const Json& member) { return text(member, "address"); }},
    Column{"KEYS",
           [](const Json& member) {
             return member.at("in_ring").get<bool>() ? percent(member.at("share")) : "-";
           }},
    Column{"KIND", [](const Json& member) { return text(member, "kind"); }, Column::Shown::mixed},
    Column{"VERSION", [](const Json& member) { return text_or(member, "ringside_version", "-"); },
           Column::Shown::wide},
    Column{"RTT", [](const Json& member) { return text_or(member, "rtt", "-"); }, Column::Shown::wide},
    Column{"FLAPS", [](const Json& member) { return number(member, "damp_score"); }, Column::Shown::wide},
    Column{"WEIGHT", [](const Json& member) { return number(member, "weight"); }, Column::Shown::wide},
    Column{"INCARNATION", [](const Json& member) { return number(member, "incarnation"); },
           Column::Shown::wide},
    Column{"LABELS", [](const Json& member) { return labels(member); }},
};

std::string member_table(const Json& members, bool wide) {
  const bool mixed = std::ranges::any_of(
      members, [](const Json& member) { return text(member, "kind").starts_with("ringpop"); });
  Rows rows(members.size() + 1);
  for (const Column& column : member_columns) {
    if (column.shown == Column::Shown::mixed && !mixed) continue;
    if (column.shown == Column::Shown::wide && !wide) continue;
    rows[0].emplace_back(column.title);
    for (std::size_t i = 0; i < members.size(); ++i) rows[i + 1].push_back(column.of(members[i]));
  }
  return table(rows);
}

std::string plural(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string joined(const Json& list, const char* nothing) {
  std::string out;
  for (const Json& item : list) out += (out.empty() ? "" : ", ") + item.get<std::string>();
  return out.empty() ? nothing : out;
}

std::string render_explanation(const Json& why) {
  std::string out = "\n" + printable(text(why, "why")) + "\n\n";
  Rows around{{"", "POINT", "HASH", "MEMBER"}};
  for (const Json& point : why.at("around"))
    around.push_back({point.at("position") == why.at("position") ? ">" : "", number(point, "position"),
                      text(point, "hash"), text(point, "member")});
  out += table(around) + "\nfrom there on, each member at its first point:\n";
  Rows walk{{"MEMBER", "POINT", "HASH", "KEYS"}};
  for (const Json& point : why.at("walk"))
    walk.push_back({text(point, "member"), number(point, "position"), text(point, "hash"),
                    percent(why.at("shares").at(text(point, "member")))});
  out += table(walk);
  if (why.at("not_in_ring").empty()) return out;
  out += "\nnot in the ring:\n";
  Rows absent{{"NAME", "STATUS", "APP", "ADDRESS"}};
  for (const Json& member : why.at("not_in_ring"))
    absent.push_back(
        {text(member, "name"), text(member, "status"), text(member, "app"), text(member, "address")});
  return out + table(absent);
}

std::string app_line(const Json& app) {
  if (app.at("address").is_null()) return "none, this node owns no key";
  std::string line = text(app, "address") + ", " + text(app, "state") + " since " + text(app, "since");
  if (app.contains("reason")) line += ": " + text(app, "reason");
  return line;
}

std::string health_line(const Json& health) {
  if (health.at("max") == 0) return "not kept";
  const std::string score = number(health, "score") + " of " + number(health, "max");
  return health.at("score") == 0 ? score + ", good"
                                 : score + ": slow, or badly connected; its timeouts are stretched";
}

// What is on or has a word of its own; what is off is not worth a line.
std::string features(const Json& all) {
  std::string out;
  for (const auto& [name, how] : all.items())
    if (how != "off")
      out += (out.empty() ? "" : ", ") + name + (how == "on" ? "" : " " + how.get<std::string>());
  return out.empty() ? "nothing is on" : out;
}

std::string by_status(const Json& counts) {
  std::string out;
  for (const auto& [status, count] : counts.items())
    if (count != 0)
      out += (out.empty() ? "" : ", ") + std::to_string(count.get<std::int64_t>()) + " " + status;
  return out.empty() ? "none" : out;
}

}  // namespace

std::string table(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += printable(row[i]);
      line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string render_members(std::string_view members_json, bool wide) {
  return member_table(Json::parse(members_json).at("members"), wide);
}

std::string render_keys(std::string_view keyring_json) {
  const Json json = Json::parse(keyring_json);
  Rows rows{{"NAME", "DIALS WITH", "ACCEPTS"}};
  for (const Json& node : json.at("nodes")) {
    if (node.at("ok") == true)
      rows.push_back({text(node, "name"), text(node, "primary"), joined(node.at("keys"), "nothing")});
    else
      rows.push_back({text(node, "name"), "-", "failed: " + text(node, "reason")});
  }
  return table(rows);
}

std::string render_member(std::string_view member_json, bool wide) {
  return member_table(Json::array({Json::parse(member_json)}), wide);
}

std::string render_lookup(std::string_view lookup_json, std::size_t wanted) {
  const Json json = Json::parse(lookup_json);
  const Json& owners = json.at("owners");
  std::string names;
  for (std::size_t i = 0; i < std::min(wanted, owners.size()); ++i)
    names += (i == 0 ? "" : ", ") + text(owners[i], "name");
  std::string out =
      printable(text(json, "key")) + " -> " + printable(names) + "  (hash " + text(json, "hash");
  if (wanted == 1 && owners.size() > 1) out += ", next " + printable(text(owners[1], "name"));
  out += ", version " + number(json, "version") + ")\n";
  return json.contains("explain") ? out + render_explanation(json.at("explain")) : out;
}

std::string render_owners(std::string_view owners_json) {
  const Json json = Json::parse(owners_json);
  Rows rows{{"NODE", "OWNER", "VERSION", "RING"}};
  for (const Json& node : json.at("nodes")) {
    if (node.contains("error"))
      rows.push_back({text(node, "name"), "-", "-", "failed: " + text(node, "error")});
    else
      rows.push_back({text(node, "name"), text(node, "owner"),
                      node.contains("version") ? number(node, "version") : "-",
                      text_or(node, "checksum", "-")});
  }
  return table(rows) +
         (json.at("agree") == true ? "\nall that answered name the same owner\n" : "\nTHEY DO NOT AGREE\n");
}

std::string render_ring(std::string_view ring_json) {
  const Json json = Json::parse(ring_json);
  const Json& members = json.at("members");
  std::string out = "version " + number(json, "version") + ", checksum " + text(json, "checksum") + ", " +
                    plural(members.size(), "member") + ", " + number(json, "points") +
                    " points each, hashed by " + text(json, "identity") + "\n\n";
  Rows rows{{"NAME", "ADDRESS", "WEIGHT", "KEYS"}};
  for (const Json& member : members)
    rows.push_back({text(member, "name"), text(member, "address"), number(member, "weight"),
                    percent(member.at("share"))});
  out += table(rows);
  if (!json.contains("point_list")) return out;
  Rows points{{"HASH", "MEMBER"}};
  for (const Json& point : json.at("point_list"))
    points.push_back({text(point, "hash"), text(point, "member")});
  return out + "\nreplica checksum " + text(json, "replica_checksum") + "\n\n" + table(points);
}

std::string render_partitions(std::string_view partitions_json) {
  const Json json = Json::parse(partitions_json);
  Rows rows{{"CHECKSUM", "COUNT", "MEMBERS"}};
  for (const Json& group : json.at("groups"))
    rows.push_back({text(group, "checksum"), std::to_string(group.at("members").size()),
                    joined(group.at("members"), "none")});
  if (const Json& silent = json.at("silent"); !silent.empty())
    rows.push_back({"no answer", std::to_string(silent.size()), joined(silent, "none")});
  const bool agree = json.at("agree") == true;
  return table(rows) + (agree ? "\nall that answered see the same cluster\n"
                              : "\nthey do not see the same cluster; if it lasts: ringside heal\n");
}

std::string render_self(std::string_view self_json) {
  const Json json = Json::parse(self_json);
  const Json& ring = json.at("ring");
  std::string phase = text(json, "phase");
  if (json.contains("reason")) phase += ": " + text(json, "reason");
  Rows rows{
      {"node", text(json, "name") + " at " + text(json, "address") + ", cluster " + text(json, "cluster")},
      {"phase", phase},
      {"ring", "version " + number(ring, "version") + ", checksum " + text(ring, "checksum") + ", " +
                   plural(ring.at("members").get<std::size_t>(), "member") + ", " + number(ring, "points") +
                   " points each"},
      {"members", by_status(json.at("membership").at("by_status")) + ", checksum " +
                      text(json.at("membership"), "checksum")},
      {"app", app_line(json.at("app"))},
      {"health", health_line(json.at("local_health"))},
      {"api", joined(json.at("api_listeners"), "none")},
      {"process", "ringside " + text(json, "ringside_version") + ", pid " + number(json, "pid") + ", up " +
                      text(json, "uptime")},
  };
  if (json.contains("config_digest"))
    rows.push_back(
        {"config", "digest " + text(json, "config_digest") + "; " + features(json.at("features"))});
  for (const Json& warning : json.at("warnings")) rows.push_back({"warning", text(warning, "detail")});
  return table(rows);
}

Agreement compare(const std::vector<std::string>& self_jsons) {
  Agreement result;
  Rows rows{{"NODE", "RING", "MEMBERSHIP"}};
  std::vector<std::string> first;
  for (const std::string& self : self_jsons) {
    const Json json = Json::parse(self);
    rows.push_back(
        {text(json, "name"), text(json.at("ring"), "checksum"), text(json.at("membership"), "checksum")});
    const std::vector<std::string> sums(rows.back().begin() + 1, rows.back().end());
    if (first.empty()) first = sums;
    result.agrees = result.agrees && sums == first;
  }
  result.text =
      table(rows) + (result.agrees ? "all of them agree\n"
                                   : "they do not agree; if that lasts for more than a few seconds, "
                                     "check that these nodes reach each other's peer address\n");
  return result;
}

}  // namespace ringside::cli
