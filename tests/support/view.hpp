// A small cluster as one node shows it: laptop-1 (this node), laptop-2 with labels, laptop-3 that is faulty.
#pragma once

#include <memory>

#include "daemon/api/events.hpp"
#include "daemon/api/view.hpp"
#include "daemon/ring/snapshot.hpp"

namespace ringside::test {

inline api::View sample_view() {
  api::View view;
  view.ring = ring::build({{"laptop-1", "127.0.0.1:7601"}, {"laptop-2", "127.0.0.1:7603"}}, 100, 4);
  view.members = {
      {"laptop-1", "127.0.0.1:7601", ringpop::Status::alive, 1'700'000'000'000, {}, true, PeerKind::ringside},
      {"laptop-2",
       "127.0.0.1:7603",
       ringpop::Status::suspect,
       1'700'000'000'001,
       {{"tier", "gold"}, {"zone", "eu"}},
       false,
       PeerKind::ringside},
      {"laptop-3",
       "127.0.0.1:7605",
       ringpop::Status::faulty,
       1'700'000'000'002,
       {{"zone", "us"}},
       false,
       PeerKind::ringside},
  };
  view.membership_checksum = 0x2a;
  view.index = 17;
  view.events = api::EventLog().with({{EventType::member_join, R"({"name":"laptop-2"})"},
                                      {EventType::ring_changed, R"({"version":4})"},
                                      {EventType::member_suspect, R"({"name":"laptop-2"})"}});
  view.phase = api::Phase::ready;
  view.name = "laptop-1";
  view.address = "127.0.0.1:7601";
  view.cluster = "shop";
  view.boot_id = "00c0ffee";
  view.identity = "name";
  view.api_listeners = {"127.0.0.1:7600", "unix:/run/ringside/api.sock"};
  view.settings = std::make_shared<const api::View::Settings>(
      api::View::Settings{"{}\n", "00112233445566aa", {{"tls", "off"}, {"damping", "on"}}});
  view.measured["127.0.0.1:7603"] = {std::chrono::microseconds(412), 500};
  view.local_health = 1;
  view.local_health_max = 3;
  view.members[1].version = "0.9.0";
  view.app_settings.address = "127.0.0.1:5000";
  view.app.state = api::AppState::up;
  view.started = WallTime(Millis(1'700'000'000'000));
  view.pid = 42;
  return view;
}

inline api::View joining_view() {
  api::View view = sample_view();
  view.ring = ring::build({}, 100, 1);
  view.members.resize(1);
  view.phase = api::Phase::joining;
  view.phase_reason = "no seed has answered yet; check join.seeds";
  return view;
}

inline api::View empty_ring_view() {
  api::View view = sample_view();
  view.ring = ring::build({}, 100, 5);
  return view;
}

}  // namespace ringside::test
