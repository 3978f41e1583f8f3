fn main() {
    println!("{}", posada::config::reference().trim_end());
}
