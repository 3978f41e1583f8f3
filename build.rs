//! A new migration is a change of the program: the macro that embeds them notices only changed ones.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
