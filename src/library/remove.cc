#include "library/remove.h"

#include <algorithm>

#include "engine/forget.h"
#include "library/running.h"

namespace eai::library {
namespace {

std::uint64_t size_of(const Library& library, const ipld::Cid& id) {
  std::uint64_t size = 0;
  if (const store::Model* model = library.stored(id)) size = model->size();
  for (const store::Unfinished& entry : library.contents.unfinished) {
    if (entry.id == id) size += entry.bytes;
  }
  return size;
}

}  // namespace

Result<void> check_not_served(const Library& library, const Asked& asked) {
  EAI_TRY(const auto server, running_server(library.folders));
  if (!server || std::ranges::find(server->models, asked.id.str()) == server->models.end()) return {};
  return fail(Code::busy, asked.label + " is served by the running server", Hint::served_model);
}

Result<std::uint64_t> remove(Library& library, const Asked& asked) {
  library.store.sweep();
  EAI_TRY(store::ModelLock lock, library.store.lock(asked.id, FileLock::Wait::no));
  // First what can be removed again by the same call if the rest fails.
  const store::HomePaths paths{library.folders.home};
  EAI_CHECK(engine::forget(asked.id.str(), {paths.measured(), paths.fits(), conversations_of(library.folders)}));
  auto removed = library.store.remove(std::move(lock));
  if (!removed && removed.error().code == Code::not_found) {
    return fail(Code::not_found, asked.label + " is not here", Hint::list_models);
  }
  if (!removed) return Failure(std::move(removed).error());
  const std::uint64_t size = size_of(library, asked.id);
  library.forget(asked.id);
  return size;
}

}  // namespace eai::library
