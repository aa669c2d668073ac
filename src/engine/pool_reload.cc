// The pool and a configuration that was read again.
#include <algorithm>

#include "engine/pool_impl.h"
#include "util/log.h"

namespace eai::engine {

namespace {

// Whether both make the same engine; who goes first when room is needed is another matter.
bool same_engine(ModelSpec a, const ModelSpec& b) {
  a.main = b.main;
  a.pinned = b.pinned;
  a.idle_timeout = b.idle_timeout;
  return a == b;
}

}  // namespace

void PoolImpl::reload(PoolOptions given, std::vector<ModelSpec> models) {
  options.llama_server = std::move(given.llama_server);
  options.image_engine = std::move(given.image_engine);
  options.devices = std::move(given.devices);
  options.memory_budget = given.memory_budget;
  options.max_resident = given.max_resident;
  options.patience = given.patience;
  options.start_timeout = given.start_timeout;
  options.idle_timeout = given.idle_timeout;
  options.stop_grace = given.stop_grace;
  options.queue_limit = given.queue_limit;
  options.slot_limit = given.slot_limit;
  if (options.slot_folder != given.slot_folder) {
    remove_slots(options.slot_folder);
    options.slot_folder = std::move(given.slot_folder);
    prepare_slot_folder();
  }
  budget = budget_of(options);
  apply(scheduler.set_options(now(), scheduler_options(options, budget)));
  order.clear();
  for (ModelSpec& spec : models) {
    const auto known = by_id.find(spec.id);
    if (known != by_id.end()) {
      order.push_back(known->second);
      change(known->second, std::move(spec));
    } else {
      order.push_back(add_model(std::move(spec)));
      look_at(order.back(), served[order.back()]->spec);
    }
  }
  for (ModelIndex i = 0; i < served.size(); ++i)
    if (!scheduler.removed(i) && std::ranges::find(order, i) == order.end()) {
      log::info("{} is no longer served", served[i]->spec.folder_name);
      forget_slots(*served[i]);
      apply(scheduler.remove_model(now(), i));
    }
}

void PoolImpl::change(ModelIndex index, ModelSpec spec) {
  Served& model = *served[index];
  if (scheduler.removed(index)) apply(scheduler.return_model(now(), index));
  for (ModelSpec* one : {&model.spec, model.next ? &model.next->spec : nullptr}) {
    if (one == nullptr) continue;
    one->main = spec.main;
    one->pinned = spec.pinned;
    one->idle_timeout = spec.idle_timeout;
  }
  apply(scheduler.set_terms(now(), index, terms_of(model)));
  if (same_engine(spec, model.spec)) {
    model.next.reset();  // back to what runs, before a change came into force
    if (model.look == Served::Look::done) ++model.looks;
    return;
  }
  if (model.next && same_engine(spec, model.next->spec)) return;
  log::info("{} has other settings from its next start on", spec.folder_name);
  if (model.look != Served::Look::done) model.spec = spec;
  look_at(index, std::move(spec));
}

}  // namespace eai::engine
