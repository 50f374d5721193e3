//! Inventories as `ansible-inventory --list` prints them: groups with their hosts and children, as JSON.

use serde_json::{Map, Value};

use super::groups::Inventory;

/// Reads the groups into an inventory that has `all` and `ungrouped`.
pub fn read(json: &[u8], inventory: &mut Inventory) -> Result<(), String> {
    let groups: Map<String, Value> =
        serde_json::from_slice(json).map_err(|fault| format!("no list of groups: {fault}"))?;
    if !groups.contains_key("all") {
        return Err("no list of groups: 'all' is missing".into());
    }
    for (name, group) in &groups {
        if name == "_meta" {
            continue;
        }
        let place = inventory.group(name);
        for child in names(group, "children")? {
            let child = inventory.group(child);
            inventory.add_child(place, child);
        }
        for host in names(group, "hosts")? {
            inventory.add_host(place, host)?;
        }
    }
    Ok(())
}

fn names<'v>(group: &'v Value, key: &str) -> Result<Vec<&'v str>, String> {
    let wrong = || format!("'{key}' is no list of names");
    let Some(list) = group.get(key) else { return Ok(Vec::new()) };
    list.as_array().ok_or_else(wrong)?.iter().map(|name| name.as_str().ok_or_else(wrong)).collect()
}
