#include "daemon/worker/admission.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/ring/hash.hpp"

namespace ringside::worker {

Admission::Admission(Context& context, std::shared_ptr<AppPlaces> places, std::size_t worker)
    : context_(context), places_(std::move(places)), worker_(worker) {
  if (places_) places_->connect(worker_, [this] { hand_over(); });
}

Admission::~Admission() {
  if (places_) places_->wait_no_more(worker_);  // the other workers may live a little longer
}

bool Admission::enter(Guest& guest) {
  auto& in_flight = context_.metrics.in_flight;
  if (in_flight.value() >= context_.config.forward.in_flight) return false;
  in_flight.add(1);
  guest.in_flight_ = true;
  return true;
}

Admission::Entry Admission::enter_app(Guest& guest, std::string_view key) {
  if (!key.empty() && guest.key_ == 0) {
    const std::size_t place = ring::fingerprint32(key) % keys;
    if (keys_[place] >= context_.config.forward.queue_per_key) return Entry::key_full;
    ++keys_[place];
    guest.key_ = static_cast<std::uint16_t>(place + 1);
  }
  if (!places_ || guest.at_app_) return Entry::go;  // a repeat keeps its place
  if (first_ == nullptr && (spare_ > 0 || places_->take())) {
    if (spare_ > 0) --spare_;
    guest.at_app_ = true;
    context_.metrics.at_app.add(1);
    return Entry::go;
  }
  if (queued_ >= context_.config.app.queue) return Entry::queue_full;
  guest.queued_ = true;
  guest.before_ = last_;
  (last_ != nullptr ? last_->after_ : first_) = &guest;
  last_ = &guest;
  context_.metrics.app_queue.set(++queued_);
  if (places_->wait(worker_)) place_came_back();
  return Entry::wait;
}

void Admission::replied(Guest& guest) {
  if (guest.key_ != 0) forget_key(guest);
}

bool Admission::become_stream(Guest& guest) {
  if (guest.stream_) return true;
  if (streams_ >= context_.config.forward.streams) return false;
  guest.stream_ = true;
  context_.metrics.streams.set(++streams_);
  if (std::exchange(guest.in_flight_, false)) context_.metrics.in_flight.add(-1);
  leave_app(guest);
  return true;
}

void Admission::leave(Guest& guest) {
  leave_app(guest);
  if (std::exchange(guest.in_flight_, false)) context_.metrics.in_flight.add(-1);
  if (std::exchange(guest.stream_, false)) context_.metrics.streams.set(--streams_);
}

void Admission::give_up_app(Guest& guest) {
  if (guest.key_ != 0) forget_key(guest);
  if (guest.queued_) {
    unlink(guest);
    if (first_ == nullptr) places_->wait_no_more(worker_);
  }
  if (!std::exchange(guest.at_app_, false)) return;
  context_.metrics.at_app.add(-1);
  if (places_->give_back(worker_)) place_came_back();
}

void Admission::forget_key(Guest& guest) {
  --keys_[std::exchange(guest.key_, std::uint16_t{0}) - 1U];
}

void Admission::unlink(Guest& guest) {
  guest.queued_ = false;
  (guest.before_ != nullptr ? guest.before_->after_ : first_) = guest.after_;
  (guest.after_ != nullptr ? guest.after_->before_ : last_) = guest.before_;
  guest.before_ = guest.after_ = nullptr;
  context_.metrics.app_queue.set(--queued_);
}

// Not at once: who gives it back is in the middle of ending its request, and its connection to the app is not
// free yet.
void Admission::place_came_back() {
  ++spare_;
  context_.turn.flush(*this);
}

void Admission::hand_over() {
  boost::asio::post(context_.io, [this] { place_came_back(); });
}

void Admission::flush() {
  for (;;) {
    while (spare_ > 0 && first_ != nullptr) {
      Guest& guest = *first_;
      unlink(guest);
      --spare_;
      guest.at_app_ = true;
      context_.metrics.at_app.add(1);
      guest.its_turn();
    }
    if (first_ == nullptr) break;
    if (!places_->wait(worker_)) return;
    ++spare_;
  }
  places_->wait_no_more(worker_);
  for (; spare_ > 0; --spare_) (void)places_->give_back(worker_);  // never to us: we do not wait
}

}  // namespace ringside::worker
