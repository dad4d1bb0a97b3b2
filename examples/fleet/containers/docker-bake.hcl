# What all bake files of the fleet share.
variable "REGISTRY" { default = "registry.example/fleet" }
variable "TAG" { default = "latest" }
