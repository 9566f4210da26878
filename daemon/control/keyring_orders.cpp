#include "daemon/control/keyring_orders.hpp"

#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/control/swim_transport.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::control {
namespace {

using Kind = api::KeyringVerb::Kind;
using ringpop::Status;

// Who has left may run on, and return with the keys it has: it is asked, and counts if it answers.
bool has_left(const api::MemberView& member) {
  return api::shown_status(member) == Status::leave;
}

bool is_asked(const api::MemberView& member) {
  return !member.self && member.status != Status::faulty && member.status != Status::tombstone;
}

}  // namespace

// One question to all members, or one order.
struct KeyringOrders::Round {
  api::KeyringVerb verb;
  Rows rows{};  // this member's own is the first
  struct Asked {
    std::size_t row;
    bool has_left;
  };
  std::vector<Asked> asked{};
  std::size_t next = 0, answered = 0;  // of them
  Done done;
};

void KeyringOrders::run(const api::KeyringVerb& verb, Answer answer) {
  if (verb.kind == Kind::list)
    return ask_all(verb, [answer = std::move(answer)](const Rows& rows) {
      if (!rows.front().reason.empty()) return answer(api::keyring_refusal(rows.front().reason));
      answer(api::keyring_answer(rows));
    });
  if (std::exchange(changing_, true))
    return answer(api::keyring_refusal("another change of the keys is under way on this node"));
  change(verb, [this, answer = std::move(answer)](api::Response response) {
    changing_ = false;
    answer(std::move(response));
  });
}

void KeyringOrders::change(const api::KeyringVerb& verb, const Answer& answer) {
  if (const auto own = host_.own({}); !own) return answer(api::keyring_refusal(own.error()));
  const auto tell = [this, verb, answer] {
    ask_all(verb, [answer](const Rows& rows) {
      if (!rows.front().reason.empty()) return answer(api::keyring_refusal(rows.front().reason));
      answer(api::keyring_answer(rows));
    });
  };
  if (verb.kind == Kind::install) return tell();
  ask_all({}, [verb, answer, tell](const Rows& rows) {
    auto errors = api::objections(verb, rows);
    if (errors.empty()) return tell();
    const std::string done = verb.kind == Kind::use ? " cannot be used yet" : " cannot be removed";
    const auto count = errors.size();
    answer(api::keyring_refusal("the key " + verb.id + done + ": " + std::to_string(count) +
                                    (count == 1 ? " reason" : " reasons") +
                                    " against it; nothing was changed",
                                std::move(errors)));
  });
}

// This member first: what it cannot do itself it does not ask of others.
void KeyringOrders::ask_all(const api::KeyringVerb& verb, Done done) {
  const auto view = host_.view();
  auto round = std::make_shared<Round>(Round{.verb = verb, .done = std::move(done)});
  auto own = host_.own(verb);
  round->rows.push_back({.name = view->name, .address = view->address});
  if (!own) {
    round->rows.front().reason = std::move(own).error();
    return round->done(std::move(round->rows));
  }
  round->rows.front().ids = std::move(*own);
  for (const auto& member : view->members) {
    if (!is_asked(member)) continue;
    round->rows.push_back({.name = member.name, .address = member.address});
    if (!is_ringpop(host_.kinds.of(member.address))) {
      round->asked.push_back({round->rows.size() - 1, has_left(member)});
      continue;
    }
    round->rows.back().reason = "not a ringside";
    round->rows.back().ringside = false;
  }
  if (round->asked.empty()) return round->done(std::move(round->rows));
  for (std::size_t i = 0; i < limits::keyring_asks; ++i) ask_next(round);
}

void KeyringOrders::ask_next(const std::shared_ptr<Round>& round) {
  if (round->next == round->asked.size()) return;
  const auto [row, has_left] = round->asked[round->next++];
  tchannel::CallRequest request;
  request.service = std::string(net::ringside_service);
  request.headers = {{"as", "json"}, {"cn", "ringside"}};
  request.arg1 = api::keyring_endpoint;
  request.arg2 = "{}";
  request.arg3 = api::to_json(round->verb);
  host_.peers.call_secured(round->rows[row].address, std::move(request),
                           Clock::now() + limits::keyring_ask_time,
                           [this, round, row](const net::CallResult& result) {
                             take(round->rows[row], result);
                             if (++round->answered == round->asked.size()) return finish(*round);
                             ask_next(round);
                           });
}

void KeyringOrders::take(api::MemberKeys& row, const net::CallResult& result) {
  if (!result) {
    row.reason = "it did not answer: " + result.error().message;
  } else if (result->arg3.size() > limits::tchannel_tool_bytes) {
    row.reason = "its answer is too large";
  } else if (result->code != 0) {
    row.reason = api::read_refusal(result->arg3);
  } else if (auto ids = api::read_ids(result->arg3)) {
    row.ids = std::move(*ids);
  } else {
    row.reason = ids.error();
  }
}

void KeyringOrders::finish(Round& round) {
  std::vector<std::size_t> gone;
  for (const auto& [row, has_left] : round.asked)
    if (has_left && !round.rows[row].reason.empty()) gone.push_back(row);
  while (!gone.empty()) {
    round.rows.erase(round.rows.begin() + static_cast<std::ptrdiff_t>(gone.back()));
    gone.pop_back();
  }
  round.done(std::move(round.rows));
}

void KeyringOrders::receive(const net::IncomingCall& call) const {
  const auto refuse = [&call](const std::string& why) {
    call.responder.answer(1, rejection_body("ringside.keys-refused", why));
  };
  if (!call.secured) return refuse("keys are a matter for members that talk in TLS");
  if (call.request.arg3.size() > limits::tchannel_tool_bytes) return refuse("the body is too large");
  const auto verb = api::read_keyring_verb(call.request.arg3);
  if (!verb) return refuse(verb.error());
  const auto ids = host_.own(*verb);
  if (!ids) return refuse(ids.error());
  call.responder.answer(0, api::ids_to_json(*ids));
}

}  // namespace ringside::control
