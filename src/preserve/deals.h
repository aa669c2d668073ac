// Why: Lighthouse passes what it keeps on to Filecoin, and this asks which storage deals it reports for a CID.
// Thread: any; calls block.
// Source: `deal_status` of Lighthouse's API, in the shapes that its SDKs read.
#pragma once

#include <string>
#include <vector>

#include "preserve/audit.h"

namespace eai::preserve {

// Texts are fit for a terminal, and empty where Lighthouse says nothing.
struct Deal {
  std::string state, provider, id;
};
// No deal yet is an empty list. Code::network if Lighthouse cannot be asked or what it says is not understood.
Result<std::vector<Deal>> deals_of(const std::string& api, const ipld::Cid& cid, const AuditSettings& settings);
Result<std::vector<Deal>> parse_deals(ByteView json);

}  // namespace eai::preserve
