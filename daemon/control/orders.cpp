#include "daemon/control/orders.hpp"

#include <algorithm>
#include <utility>

#include "daemon/api/owners.hpp"
#include "daemon/api/ringpop_admin.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"
#include "proto/ringpop/codec.hpp"

namespace ringside::control {
namespace {

using api::Code;

api::Response refusal(Code code, std::string detail) {
  return api::render({.code = code, .detail = std::move(detail)});
}

// Who can be asked: who left or is given up cannot.
std::vector<const api::MemberView*> others_there(const api::View& view) {
  std::vector<const api::MemberView*> others;
  for (const auto& member : view.members)
    if (!member.self &&
        (member.status == ringpop::Status::alive || member.status == ringpop::Status::suspect ||
         api::shown_status(member) == ringpop::Status::alive))
      others.push_back(&member);
  return others;
}

// Why a heal could not be begun (swim::Node::heal).
api::Response not_begun(const std::string& error) {
  return refusal(error == "not joined yet" ? Code::not_joined : Code::conflict, error);
}

}  // namespace

Orders::Orders(boost::asio::io_context& io, Host host)
    : host_(std::move(host)), resolver_(io, limits::seed_look_up_time) {}

void Orders::run(const api::Order& order, Answer answer) {
  switch (order.kind) {
    case api::Order::Kind::evict:
      host_.admin.evict(order.member);
      return answer(api::evicted_answer(order.member));
    case api::Order::Kind::reap: return answer(api::reaped_answer(host_.admin.reap()));
    case api::Order::Kind::heal: return heal(std::move(answer));
    case api::Order::Kind::join: return join(order.peers, std::move(answer));
    case api::Order::Kind::partitions: return ask_for_checksums(answer);
    case api::Order::Kind::owners: return ask_for_owners(order.key, answer);
    case api::Order::Kind::drain:
    case api::Order::Kind::cancel_drain:
    case api::Order::Kind::leave:
    case api::Order::Kind::reload:
    case api::Order::Kind::log_level:
    case api::Order::Kind::keyring:
    case api::Order::Kind::self:
    case api::Order::Kind::app:
    case api::Order::Kind::no_app:
    case api::Order::Kind::fault:
    case api::Order::Kind::no_fault: return;  // the control plane's own
  }
}

void Orders::heal(Answer answer) {
  host_.admin.heal([answer = std::move(answer)](const swim::Done& done) {
    answer(done.error.empty() ? api::healed_answer(done.targets) : not_begun(done.error));
  });
}

void Orders::join(const std::vector<std::string>& peers, Answer answer) {
  if (std::exchange(resolving_, true))
    return answer(refusal(Code::overloaded, "another join is under way on this node"));
  resolver_.resolve(peers, [this, answer = std::move(answer)](const net::Resolved& resolved) {
    resolving_ = false;
    join_found(resolved, answer);
  });
}

// To join those whose cluster is another one is what a heal does with the seeds.
void Orders::join_found(const net::Resolved& resolved, const Answer& answer) {
  host_.admin.heal_with(resolved.addresses, [this, resolved, answer](const swim::Done& done) {
    if (!done.error.empty()) return answer(not_begun(done.error));
    const auto view = host_.view();
    std::vector<api::JoinedPeer> peers;
    for (const std::string& address : resolved.addresses) {
      const bool known = std::ranges::any_of(view->members, [&](const api::MemberView& member) {
        return member.address == address && (member.status == ringpop::Status::alive ||
                                             api::shown_status(member) == ringpop::Status::alive);
      });
      const bool reached = known || std::ranges::find(done.targets, address) != done.targets.end();
      peers.push_back({address, reached ? "" : "it did not answer a join; the log of both has why"});
    }
    for (const auto& [seed, why] : resolved.failures) peers.push_back({seed, why});
    answer(api::joined_answer(peers));
  });
}

// --- what every member is asked

struct Orders::Asking {
  std::string endpoint, question;
  std::vector<std::string> addresses;
  std::size_t asked = 0, answered = 0;  // of them, in their order
  TakeAnswer take;
  std::function<void()> done;
};

void Orders::ask_for_checksums(const Answer& answer) {
  const auto view = host_.view();
  auto members = std::make_shared<std::vector<api::AskedMember>>();
  members->push_back({view->name, view->address, view->membership_checksum});
  for (const auto* other : others_there(*view)) members->push_back({other->name, other->address, {}});
  ask_others(
      *view, "/admin/stats", "",
      [members](std::size_t index, const std::string& body) {
        (*members)[index + 1].checksum = api::membership_checksum_in(body);
      },
      [members, answer] { answer(api::partitions_answer(*members)); });
}

void Orders::ask_for_owners(const std::string& key, const Answer& answer) {
  const auto view = host_.view();
  const std::string question = api::owners_question(key).value_or("{}");  // the page has looked
  auto members = std::make_shared<std::vector<api::ToldOwner>>();
  members->push_back({view->name, view->address,
                      api::answer_ringpop_admin("/admin/lookup", question, *view, nullptr)->body});
  for (const auto* other : others_there(*view)) members->push_back({other->name, other->address, {}});
  ask_others(
      *view, "/admin/lookup", question,
      [members](std::size_t index, const std::string& body) { (*members)[index + 1].answer = body; },
      [view, key, members, answer] { answer(api::owners_answer(*view, key, *members)); });
}

void Orders::ask_others(const api::View& view, std::string endpoint, std::string question, TakeAnswer take,
                        std::function<void()> done) {
  auto asking = std::make_shared<Asking>();
  asking->endpoint = std::move(endpoint);
  asking->question = std::move(question);
  asking->take = std::move(take);
  asking->done = std::move(done);
  for (const auto* other : others_there(view)) asking->addresses.push_back(other->address);
  if (asking->addresses.empty()) return asking->done();
  for (std::size_t i = 0; i < limits::member_asks; ++i) ask_next(asking);
}

void Orders::ask_next(const std::shared_ptr<Asking>& asking) {
  if (asking->asked == asking->addresses.size()) return;
  const std::size_t index = asking->asked++;
  tchannel::CallRequest request;
  request.service = std::string(ringpop::service);
  request.headers = {{"as", "json"}, {"cn", "ringside"}};
  request.arg1 = asking->endpoint;
  request.arg2 = "{}";
  request.arg3 = asking->question;
  host_.peers.call(asking->addresses[index], std::move(request), Clock::now() + limits::member_ask_time,
                   [this, asking, index](const net::CallResult& result) {
                     if (result) asking->take(index, result->arg3);
                     if (++asking->answered == asking->addresses.size()) return asking->done();
                     ask_next(asking);
                   });
}

}  // namespace ringside::control
