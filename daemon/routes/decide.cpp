#include "daemon/routes/decide.hpp"

#include <algorithm>
#include <utility>

#include "daemon/routes/header_key.hpp"
#include "daemon/routes/host_names.hpp"

namespace ringside::routes {
namespace {

using Kind = Decision::Kind;

// HTTP/1.0 knows no Host: who sends none is no browser that was led here under another name.
bool answers_for(const std::vector<std::string>& hosts, const http::RequestHead& head) {
  if (hosts.empty() || (head.http10 && head.authority.empty())) return true;
  const auto host = host_and_port(head.authority).host;
  return std::any_of(hosts.begin(), hosts.end(), [host](const auto& known) { return is_host(host, known); });
}

// The route has taken it; what is left to find is its key.
void by_entry(const http::RequestHead& head, const Values& values, Decision& out) {
  const Entry& entry = *out.entry;
  const Found found = entry.key ? entry.key->make(head, values, out.text) : Found::no;
  if (found == Found::yes) return;
  if (found == Found::bad) {
    out.kind = Kind::bad_key;
    out.text = name_of(entry) + ": " + out.text;
    return;
  }
  switch (entry.rule.missing) {
    case Missing::reject:
      out.kind = Kind::missing_key;
      out.text = name_of(entry) + " takes its key from the " + out.text + ", which is not there";
      return;
    case Missing::local: out.kind = Kind::local; break;
    case Missing::random: out.kind = Kind::random; break;
  }
  out.text.clear();
}

std::string no_key(const http::RequestHead& head, const Table& table) {
  const auto count = table.entries().size();
  const std::string no_header = "the request has no Ringside-Key header";
  if (count == 0) return no_header;
  return (count == 1 ? "the only route does not match "
                     : "none of the " + std::to_string(count) + " routes matches ") +
         std::string(head.method) + " " + std::string(path_of(head.target)) + ", and " + no_header;
}

}  // namespace

std::string name_of(const Entry& entry) {
  return "route " + std::to_string(entry.number) + " (" + entry.rule.match + ")";
}

void decide(const http::RequestHead& head, const std::vector<std::string>& hosts, const Table& table,
            Decision& out) {
  out.kind = Kind::key;
  out.entry = nullptr;
  out.text.clear();
  const auto refuse = [&out](Kind kind, std::string why) {
    out.kind = kind;
    out.text = std::move(why);
  };
  if (!answers_for(hosts, head))
    return refuse(Kind::wrong_host,
                  "'" + std::string(head.authority) + "' is not among ingress.hosts of this node");
  Values values;
  out.entry = table.find(head, values);
  if (out.entry != nullptr) return by_entry(head, values, out);
  switch (header_key(head, out.text)) {
    case Found::yes:
      if (auto fault = key_fault(out.text); !fault.empty()) refuse(Kind::bad_key, std::move(fault));
      return;
    case Found::bad: out.kind = Kind::bad_key; return;
    case Found::no: break;
  }
  if (head.target == "*") {
    out.kind = Kind::server;
  } else {
    refuse(Kind::missing_key, no_key(head, table));
  }
}

}  // namespace ringside::routes
