SELECT seen_at FROM hypervisor WHERE host = $1;
