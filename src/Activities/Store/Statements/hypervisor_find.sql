SELECT seen_at, identity FROM hypervisor WHERE host = $1;
