# A whole organization behind Tollgate, by OpenAI's own Terraform provider. Take what you need.
#
#   export OPENAI_ADMIN_KEY=$(cat tollgate-data/admin.key)
#   terraform apply
#
# `cargo xtask terraform --provider PATH` runs all of it against the real binary. docs/terraform.md
# says what it cannot do.

terraform {
  required_providers {
    openai = {
      source  = "openai/openai"
      version = ">= 1.0.0"
    }
  }
}

variable "base_url" {
  description = "Tollgate's address with /v1: HTTPS, or on this machine."
  type        = string
  default     = "http://127.0.0.1:8655/v1"
}

variable "changed" {
  description = "Other values for some things: what the run of the project changes."
  type        = bool
  default     = false
}

provider "openai" {
  base_url = var.base_url
}

# People. The provider can change and remove people, but only an invite brings one in.

data "openai_organization_users" "all" {}

locals {
  # Whoever owns the organization from its first start.
  owner = data.openai_organization_users.all.users[0].id
}

resource "openai_invite" "ada" {
  email = "ada@example.com"
  role  = "reader"
  projects = [{
    id   = openai_project.shop.project_id
    role = "member"
  }]
}

resource "openai_group" "sellers" {
  name = var.changed ? "Shop sellers" : "Sellers"
}

resource "openai_group_user" "owner" {
  group_id = openai_group.sellers.group_id
  user_id  = local.owner
}

# Roles, of the organization and of a project, and who has them.

resource "openai_role" "watcher" {
  role_name   = "Watcher"
  permissions = var.changed ? ["api.usage.read"] : ["api.usage.read", "api.management.read"]
  description = "Sees what it costs"
}

resource "openai_group_role" "watchers" {
  group_id = openai_group.sellers.group_id
  role_id  = openai_role.watcher.role_id
}

resource "openai_user_role" "watcher" {
  user_id = local.owner
  role_id = openai_role.watcher.role_id
}

resource "openai_project_role" "keeper" {
  project_id  = openai_project.shop.project_id
  role_name   = "Keeper"
  permissions = ["api.organization.projects.api_keys.read"]
}

resource "openai_project_group_role" "keepers" {
  project_id = openai_project_group.sellers.project_id
  group_id   = openai_project_group.sellers.group_id
  role_id    = openai_project_role.keeper.role_id
}

resource "openai_project_user_role" "keeper" {
  project_id = openai_project_user.owner.project_id
  user_id    = openai_project_user.owner.user_id
  role_id    = openai_project_role.keeper.role_id
}

# A project, and who works in it. No resource makes an API key: `tollgate keys create` does.

resource "openai_project" "shop" {
  name = var.changed ? "Web shop" : "Shop"
}

resource "openai_project_user" "owner" {
  project_id = openai_project.shop.project_id
  user_id    = local.owner
  role       = var.changed ? "owner" : "member"
}

resource "openai_project_group" "sellers" {
  project_id = openai_project.shop.project_id
  group_id   = openai_group.sellers.group_id
  role       = "role-api-project-member"
}

resource "openai_project_service_account" "till" {
  project_id = openai_project.shop.project_id
  name       = "till"
}

# What the project may use, and how fast.

resource "openai_project_model_permissions" "shop" {
  project_id = openai_project.shop.project_id
  mode       = "allow_list"
  model_ids  = var.changed ? ["gpt-4o-mini"] : ["gpt-4o-mini", "gpt-4o"]
}

resource "openai_project_hosted_tool_permissions" "shop" {
  project_id               = openai_project.shop.project_id
  file_search_enabled      = true
  web_search_enabled       = var.changed
  image_generation_enabled = false
  mcp_enabled              = false
  code_interpreter_enabled = false
}

resource "openai_project_rate_limit" "mini" {
  project_id                = openai_project.shop.project_id
  rate_limit_id             = "rl-gpt-4o-mini"
  max_requests_per_1_minute = var.changed ? 600 : 300
}

# Money. A limit refuses what does not fit; an alert tells. Amounts are US cents.

resource "openai_organization_spend_limit" "all" {
  threshold_amount = 200000
  currency         = "USD"
  interval         = "month"
}

resource "openai_project_spend_limit" "shop" {
  project_id       = openai_project.shop.project_id
  threshold_amount = var.changed ? 60000 : 50000
  currency         = "USD"
  interval         = "month"
}

resource "openai_organization_spend_alert" "most" {
  threshold_amount                = 160000
  currency                        = "USD"
  interval                        = "month"
  notification_channel_type       = "email"
  notification_channel_recipients = ["money@example.com"]
}

resource "openai_project_spend_alert" "shop" {
  project_id                          = openai_project.shop.project_id
  threshold_amount                    = 40000
  currency                            = "USD"
  interval                            = "month"
  notification_channel_type           = "email"
  notification_channel_recipients     = ["shop@example.com", "money@example.com"]
  notification_channel_subject_prefix = var.changed ? null : "[shop]"
}

# What is kept of calls.

resource "openai_organization_data_retention" "all" {
  type = var.changed ? "zero_data_retention" : "modified_abuse_monitoring"
}

resource "openai_project_data_retention" "shop" {
  project_id = openai_project.shop.project_id
  type       = "organization_default"
}
