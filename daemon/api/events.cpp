// Events out of two views, and the log of them. What is shown of a member here is what gossip says of it:
// state_json() and the member events hold the same fields, so that the one and the others add up.
#include "daemon/api/events.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/ring/ranges.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;
using ringpop::Status;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json member_json(const MemberView& member) {
  Json json;
  json["name"] = member.name;
  json["address"] = member.address;
  json["status"] = to_string(shown_status(member));
  json["app"] = to_string(member.app);
  json["incarnation"] = member.incarnation;
  json["self"] = member.self;
  json["damped"] = member.damped;
  json["weight"] = member.weight;
  Json labels = Json::object();
  for (const auto& [key, value] : member.labels) labels[key] = value;
  json["labels"] = std::move(labels);
  return json;
}

Json app_json(const View& view) {
  Json json;
  json["state"] = to_string(view.app.state);
  if (view.app.state != AppState::none) json["since"] = rfc3339(view.app.since);
  if (!view.app.reason.empty()) json["reason"] = view.app.reason;
  return json;
}

bool told_alike(const MemberView& a, const MemberView& b) {
  return a.name == b.name && shown_status(a) == shown_status(b) && a.app == b.app &&
         a.incarnation == b.incarnation && a.labels == b.labels && a.weight == b.weight &&
         a.damped == b.damped;
}

bool there(Status status) {
  return status == Status::alive || status == Status::suspect;
}

EventType type_of(const MemberView* before, const MemberView& after) {
  const Status now = shown_status(after);
  if (after.damped && !(before != nullptr && before->damped)) return EventType::member_damped;
  const bool same = before != nullptr && shown_status(*before) == now;
  if (same) return EventType::member_update;
  switch (now) {
    case Status::alive:
      return before != nullptr && there(shown_status(*before)) ? EventType::member_update
                                                               : EventType::member_join;
    case Status::suspect: return EventType::member_suspect;
    case Status::faulty: return EventType::member_faulty;
    case Status::leave: return EventType::member_leaving;
    case Status::tombstone:
      return before != nullptr && shown_status(*before) == Status::leave ? EventType::member_left
                                                                         : EventType::member_reaped;
  }
  return EventType::member_update;
}

// Whom this node has given up, and who is left.
struct Count {
  std::size_t faulty = 0, living = 0;
  // It is likelier that this node is cut off, or a part of the cluster, than that so many have died. One
  // that is gone is no partition: in a cluster of two that is all there is.
  [[nodiscard]] bool partition() const { return faulty >= 2 && faulty > living; }
};
Count count(const View& view) {
  Count count;
  for (const MemberView& member : view.members) {
    if (member.self) continue;
    const Status status = shown_status(member);
    if (status == Status::faulty) ++count.faulty;
    if (there(status)) ++count.living;
  }
  return count;
}

class Differ {
 public:
  Differ(const View& before, const View& after, WallTime now) : before_(before), after_(after), now_(now) {}

  std::vector<News> run() {
    members();
    partition();
    app();
    ring();
    if (before_.phase != Phase::draining && after_.phase == Phase::draining) add(EventType::draining, {});
    return std::move(news_);
  }

 private:
  void add(EventType type, Json body) {
    if (body.is_null()) body = Json::object();
    body["index"] = after_.index;
    body["at"] = rfc3339(now_);
    news_.push_back({type, dump(body)});
  }

  void changed(const MemberView* before, const MemberView& after) {
    Json body = member_json(after);
    body["before"] = before == nullptr ? Json() : Json(to_string(shown_status(*before)));
    add(type_of(before, after), std::move(body));
  }

  // Its tombstone has told of its end already.
  void forgotten(const MemberView& before) {
    if (shown_status(before) == Status::tombstone) return;
    Json body = member_json(before);
    body["before"] = to_string(shown_status(before));
    body["status"] = to_string(Status::tombstone);
    const bool went = shown_status(before) == Status::leave;
    add(went ? EventType::member_left : EventType::member_reaped, std::move(body));
  }

  // Both lists are sorted by address.
  void members() {
    auto old = before_.members.begin();
    for (const MemberView& member : after_.members) {
      for (; old != before_.members.end() && old->address < member.address; ++old) forgotten(*old);
      const bool known = old != before_.members.end() && old->address == member.address;
      const bool news = shown_status(member) != Status::tombstone ||
                        (known && shown_status(*old) != Status::tombstone);  // it is told of once
      if (news && !(known && told_alike(*old, member))) changed(known ? &*old : nullptr, member);
      if (known) ++old;
    }
    for (; old != before_.members.end(); ++old) forgotten(*old);
  }

  void partition() {
    const Count is = count(after_);
    const bool was = count(before_).partition();
    if (was == is.partition()) return;
    add(was ? EventType::partition_healed : EventType::partition_detected,
        {{"faulty", is.faulty}, {"living", is.living}});
  }

  void app() {
    const AppState was = before_.app.state;
    const AppState is = after_.app.state;
    if (was == is) return;
    Json body = app_json(after_);
    if (is == AppState::up)
      add(EventType::app_up, std::move(body));
    else if (is == AppState::restarting || is == AppState::down)
      add(EventType::app_down, std::move(body));
  }

  void cause(Json& list, const ring::Server& server, std::string_view what) const {
    Json one{{"name", server.name}, {"address", server.address}, {"change", what}};
    if (const MemberView* member = member_at(after_, server.address)) {
      one["status"] = to_string(shown_status(*member));
      one["app"] = to_string(member->app);
    }
    list.push_back(std::move(one));
  }

  // Who came, who went and who weighs more or less than before, which is why the ring is another one. Both
  // lists are sorted by address; who has another name is another server.
  Json causes() const {
    Json list = Json::array();
    const auto old = before_.ring->servers();
    const auto now = after_.ring->servers();
    for (std::size_t i = 0, j = 0; i < old.size() || j < now.size();) {
      const bool stays =
          i < old.size() && j < now.size() && old[i].address == now[j].address && old[i].name == now[j].name;
      if (stays) {
        if (old[i].weight != now[j].weight) cause(list, now[j], "weight");
        ++i;
        ++j;
      } else if (j == now.size() || (i < old.size() && old[i].address <= now[j].address)) {
        cause(list, old[i++], "removed");
      } else {
        cause(list, now[j++], "added");
      }
    }
    return list;
  }

  void ring() {
    const ring::Snapshot& was = *before_.ring;
    const ring::Snapshot& is = *after_.ring;
    if (was.version() == is.version()) return;
    const auto had = ranges_at(was, after_.address);
    const auto has = ranges_at(is, after_.address);
    Json body;
    body["version"] = is.version();
    body["previous"] = was.version();
    body["checksum"] = hex32(is.checksum());
    body["gained"] = ranges_json<Json>(ring::difference(has, had));
    body["lost"] = ranges_json<Json>(ring::difference(had, has));
    body["cause"] = causes();
    add(EventType::ring_changed, std::move(body));
  }

  const View& before_;
  const View& after_;
  WallTime now_;
  std::vector<News> news_;
};

}  // namespace

std::vector<News> what_happened(const View& before, const View& after, WallTime now) {
  return Differ(before, after, now).run();
}

bool looks_the_same(const View& a, const View& b) {
  return a.ring->version() == b.ring->version() && a.members == b.members &&
         a.membership_checksum == b.membership_checksum && a.phase == b.phase &&
         a.phase_reason == b.phase_reason && a.warnings == b.warnings && a.app.state == b.app.state &&
         a.app.since == b.app.since && a.app.reason == b.app.reason && a.app.required == b.app.required &&
         a.app_id == b.app_id && a.app_settings == b.app_settings;
}

std::shared_ptr<const EventLog> EventLog::with(std::vector<News> news) const {
  auto log = std::make_shared<EventLog>(*this);
  for (News& one : news) {
    log->bytes_ += one.data.size();
    log->kept_.push_back(std::make_shared<const Event>(Event{++log->last_, one.type, std::move(one.data)}));
  }
  std::size_t spare = 0;
  while (log->kept_.size() - spare > limits::events_kept ||
         (log->bytes_ > limits::events_kept_bytes && spare < log->kept_.size()))
    log->bytes_ -= log->kept_[spare++]->data.size();
  log->kept_.erase(log->kept_.begin(), log->kept_.begin() + static_cast<std::ptrdiff_t>(spare));
  return log;
}

std::optional<std::span<const EventPtr>> EventLog::after(std::uint64_t number) const noexcept {
  if (number > last_ || last_ - number > kept_.size()) return std::nullopt;
  return std::span(kept_).last(static_cast<std::size_t>(last_ - number));
}

std::string event_id(const View& view, std::uint64_t number) {
  return view.boot_id + "-" + std::to_string(number);
}

std::optional<std::uint64_t> event_number(const View& view, std::string_view id) {
  if (!id.starts_with(view.boot_id)) return std::nullopt;
  id.remove_prefix(view.boot_id.size());
  if (!id.starts_with('-')) return std::nullopt;
  id.remove_prefix(1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
  return number;
}

std::string state_json(const View& view, std::string_view reason, WallTime now) {
  Json members = Json::array();
  for (const MemberView& member : view.members)
    if (shown_status(member) != Status::tombstone) members.push_back(member_json(member));
  Json body;
  body["reason"] = reason;
  body["name"] = view.name;
  body["phase"] = phase_name(view.phase);
  body["ring"] = {{"version", view.ring->version()},
                  {"checksum", hex32(view.ring->checksum())},
                  {"ranges", ranges_json<Json>(ranges_at(*view.ring, view.address))}};
  body["app"] = app_json(view);
  body["members"] = std::move(members);
  body["index"] = view.index;
  body["at"] = rfc3339(now);
  return dump(body);
}

}  // namespace ringside::api
